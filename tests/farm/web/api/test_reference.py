"""docs/api.md is what the application says of itself."""

from __future__ import annotations

from pathlib import Path

from farm.settings import Settings
from farm.web.api.reference import reference
from farm.web.app import create_app

PAGE = Path(__file__).parents[4] / "docs" / "api.md"


def test_the_page_is_of_this_application(tmp_path: Path) -> None:
    made = reference(create_app(Settings.load(tmp_path, {})).openapi())
    assert PAGE.read_text() == made, "python -m farm.web.api.reference > docs/api.md"


def test_every_link_in_it_leads_to_a_heading() -> None:
    text = PAGE.read_text()
    headings = {line.lstrip("# ").lower() for line in text.splitlines() if line.startswith("#")}
    for part in text.split("](#")[1:]:
        assert part.partition(")")[0] in headings
