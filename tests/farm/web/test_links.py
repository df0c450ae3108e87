"""Links are relative: they hold below any prefix, and in files."""

from __future__ import annotations

import posixpath
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.web.links import Links, address, file_of

PATHS = {"front": "", "commits": "commits", "table": "table/{commit}", "row": "architecture/{kind}/{name}"}
PARAMETERS = {
    "front": {},
    "commits": {},
    "table": {"commit": "c1+dirty.ab"},
    "row": {"kind": "network", "name": "a b%?#"},
}
PAGES = st.sampled_from(sorted(PATHS))


@given(PAGES, PAGES, st.sampled_from(["/", "/farm/", "/a/b/"]))
def test_a_link_leads_from_any_page_to_any_below_any_prefix(source: str, target: str, prefix: str) -> None:
    here, there = (address(PATHS[page], PARAMETERS[page]) for page in (source, target))
    link = Links(PATHS, here).to(target, **PARAMETERS[target])
    assert link is not None
    assert reached(prefix + here, link) == prefix + there


@given(PAGES, PAGES)
def test_a_link_leads_from_file_to_file(source: str, target: str) -> None:
    here, there = (address(PATHS[page], PARAMETERS[page]) for page in (source, target))
    link = Links(PATHS, here, exported={here, there}).to(target, **PARAMETERS[target])
    assert link is not None
    assert reached("/site/" + file_of(here), link) == "/site/" + file_of(there)


def test_what_is_not_there_has_no_link() -> None:
    assert Links(PATHS).to("nowhere") is None
    assert Links(PATHS, "", exported={"", "commits"}).to("table", commit="c1") is None
    assert Links(PATHS, "", exported={"", "commits"}).to("commits") == "commits.html"


@pytest.mark.parametrize("name", ["", ".", "..", "../../etc", "a/b", "a\\b", "a\0", "é" * 101])
def test_what_is_no_step_of_a_path_has_no_link(name: str) -> None:
    """Names of units come from hosts."""
    assert Links(PATHS).to("row", kind="network", name=name) is None


def test_a_query_is_asked_of_who_can_answer() -> None:
    asked = {"kind": ["head", "neck"], "name": "a&b", "tested": ""}
    link = Links(PATHS, "table/c1").to("front", asked)
    assert link is not None
    assert parse_qs(urlsplit(link).query) == {"kind": ["head", "neck"], "name": ["a&b"]}
    assert Links(PATHS, "table/c1", exported={""}).to("front", asked) is None


@pytest.mark.parametrize("here", ["", "commits", "table/c1"])
def test_the_style_sheet_is_found_from_everywhere(here: str) -> None:
    assert reached("/" + here, Links(PATHS, here).file("style.css")) == "/style.css"


def reached(url: str, link: str) -> str:
    """Where a link leads, as a browser finds it."""
    path = posixpath.join(posixpath.dirname(url), unquote(urlsplit(link).path))
    resolved = posixpath.normpath(path)
    return resolved + "/" if path.endswith("/") and resolved != "/" else resolved
