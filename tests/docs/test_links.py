"""Every link of every document leads to a file, and to a heading, that is there; every page has its place in the site."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.reading import DOCUMENTS, PAGES, ROOT, anchors, links, name_of

INDEX = ROOT / "docs" / "index.md"


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_links_lead_to_what_is_there(page: Path) -> None:
    wrong = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            wrong.append(target)
    assert wrong == []


def test_links_are_found() -> None:
    assert "docs/queue.md" in links(ROOT / "README.md")
    assert "leases" in anchors(ROOT / "docs" / "queue.md")
    assert sum(len(links(page)) for page in DOCUMENTS) > 200


def navigation() -> dict[str, list[str]]:
    """The pages of each part of the site, as the front page lists them."""
    found = re.findall(r"```\{toctree\}\n:caption: ([^\n]+)\n:maxdepth: 1\n\n(.*?)```", INDEX.read_text(), re.DOTALL)
    return {caption: listed.split() for caption, listed in found}


def test_the_site_has_four_parts() -> None:
    assert list(navigation()) == ["Tutorial", "How to", "Reference", "Explanation"]


def test_every_page_has_one_place_in_the_site() -> None:
    listed = [name for part in navigation().values() for name in part]
    wanted = [page.stem for page in PAGES if page != INDEX]
    assert sorted(listed) == sorted([*wanted, "../SECURITY", "../CONTRIBUTING", "../CHANGELOG"])
