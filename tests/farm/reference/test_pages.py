"""The generated pages are what is made now, and each is made by the one command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from farm.reference import pages, write
from farm.reference.inventory_keys import keys
from farm.reference.markdown import anchor, table

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
#: Held against what makes them where that is tested.
ELSEWHERE = {"api.md", "json.md", "ops.md"}
HERE = sorted(set(pages()) - ELSEWHERE)


@pytest.mark.parametrize("name", HERE)
def test_a_page_is_what_is_made_now(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name](), "run: python -m farm.reference"


def test_every_page_that_says_so_is_made() -> None:
    said = {page.name for page in DOCS.glob("*.md") if page.read_text(encoding="utf-8").startswith("<!-- Written by: ")}
    assert said <= set(pages())
    assert set(HERE) <= said


@pytest.mark.parametrize("name", HERE)
def test_links_within_a_page_lead_to_its_headings(name: str) -> None:
    text = pages()[name]()
    headings = Counter(map(anchor, re.findall(r"^#+ (.+)$", text, re.MULTILINE)))
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= set(headings)
    assert max(headings.values()) == 1


@pytest.mark.parametrize("name", HERE)
def test_nothing_of_the_source_s_markup_is_left(name: str) -> None:
    text = pages()[name]()
    assert "``" not in text.replace("```", "")
    assert not re.search(r":(?:mod|class|func|meth|data):`", text)
    assert "\b" not in text


def test_what_is_old_or_not_there_is_written(tmp_path: Path) -> None:
    made = {"new.md": lambda: "new\n", "old.md": lambda: "now\n", "same.md": lambda: "≥ same\n"}
    (tmp_path / "old.md").write_text("before\n")
    (tmp_path / "same.md").write_text("≥ same\n", encoding="utf-8")
    assert write(tmp_path, made) == [tmp_path / "new.md", tmp_path / "old.md"]
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        name: page() for name, page in made.items()
    }
    assert write(tmp_path, made) == []


def test_elsewhere_the_command_refuses(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "farm.reference"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    refused = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "run it at the root of the repository" in refused.stderr


def test_a_cell_of_a_table_cannot_end_it() -> None:
    assert table(("a", "b"), [("x|y", "")]).splitlines()[2] == r"| x\|y |  |"


def test_keys_have_types_bounds_and_defaults() -> None:
    found = {key: (kind, default) for key, kind, default in keys()}
    assert found["version"] == ("`1`", "required")
    assert found["policies.<name>.allowed_share"] == ("number, ≥ 0, < 1", "`0.0`")
    assert found["devices.<name>.limits.memory_mib"] == ("integer, ≥ 256", "`8192`")
    assert found["queue.lease_margin_s"] == ("number, > 0, ≤ 86,400", "none")
    assert found["catalogue.packages"] == ("list of: string", "`models`, `mcore`")
