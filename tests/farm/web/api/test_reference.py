"""docs/api.md is what the application says of itself."""

from __future__ import annotations

import re
from pathlib import Path

from farm.settings import Settings
from farm.web.api.reference import reference
from farm.web.app import create_app

PAGE = Path(__file__).parents[4] / "docs" / "api.md"


def test_the_page_is_of_this_application(tmp_path: Path) -> None:
    made = reference(create_app(Settings.load(tmp_path, {})).openapi())
    assert PAGE.read_text() == made, "python -m farm.web.api.reference > docs/api.md"


def test_every_document_in_it_has_a_heading_on_the_page_of_documents() -> None:
    headings = re.findall(r"^## `(.+)`$", (PAGE.parent / "json.md").read_text(), re.M)
    linked = re.findall(r"\]\(json\.md#([^)]+)\)", PAGE.read_text())
    assert linked
    assert set(linked) <= {heading.replace("/", "") for heading in headings}
