"""The application as a whole: what every page has, and what is answered to what is not there or is asked wrongly."""

from __future__ import annotations

import pytest

from farm.web.templating import style
from tests.farm.web.conftest import Pages
from tests.farm.web.validity import links, parse


def test_the_front_page_is_the_table_of_what_is_checked_out(pages: Pages) -> None:
    commit = pages.farm.scratch.git("rev-parse", "HEAD")
    assert commit[:10] in pages.html("/")
    assert pages.html("/table", commit="main") == pages.html(f"/table/{commit}")


WRONG = (
    ("/nothing", 404, "there is no such page"),
    ("/table/0123456789", 404, "no recorded commit named"),
    ("/table?commit=mian", 404, "revision &#39;mian&#39;"),
    ("/table?commit=a&commit=b", 422, "commit is given 2 times"),
    ("/?knd=block", 422, "did you mean kind?"),
    ("/commits?kind=block", 422, "it knows before"),
    ("/?kind=blok", 422, "did you mean block?"),
    ("/?name=tny", 422, "did you mean tiny"),
)


def test_what_is_asked_wrongly_is_said_on_a_page(pages: Pages) -> None:
    for path, status, said in WRONG:
        answered = pages.client.get(path)
        assert (path, answered.status_code) == (path, status)
        assert said in answered.text
        assert "<main" in answered.text


@pytest.mark.parametrize("factor", ["fast", "1", "nan", "-3"])
def test_a_factor_that_is_none_is_refused(pages: Pages, factor: str) -> None:
    commit = pages.farm.scratch.git("rev-parse", "HEAD")
    answered = pages.client.get(f"/diff/{commit}/{commit}", params={"slower_by": factor})
    assert answered.status_code == 422
    assert "is no factor above 1" in answered.text


def test_an_inventory_that_is_gone_or_wrong_is_not_what_the_reader_asked(pages: Pages) -> None:
    file = pages.farm.scratch.root / "inventory.yaml"
    good = file.read_text()
    for text, said in ((None, "cannot be read: No such file"), ("version: [", "the inventory cannot be used: ")):
        file.unlink() if text is None else file.write_text(text)
        answered = pages.client.get("/")
        assert answered.status_code == 503
        assert said in answered.text
    file.write_text(good)
    pages.html("/")


def test_commits_come_in_parts(changed: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farm.web.pages.commits.SHOWN", 2)
    newest, middle, oldest = changed.farm.scratch.git("rev-list", "-n", "3", "HEAD").split()
    page = changed.html("/commits")
    assert (newest in page, f"diff/{oldest}/{middle}" in page, f"table/{oldest}" in page) == (True, True, False)
    page = changed.html("/commits", before=middle)
    assert (f"table/{middle}" in page, f"table/{oldest}" in page) == (False, True)


def test_what_a_browser_has_is_not_sent_again(pages: Pages) -> None:
    for path in ("/", "/commits", "/style.css"):
        first = pages.client.get(path)
        again = pages.client.get(path, headers={"If-None-Match": f'W/"x", {first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert pages.client.head(path).content == b""


def test_what_is_large_is_sent_small(pages: Pages) -> None:
    large = pages.client.get("/")
    assert large.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in large.headers["vary"].lower()
    assert "content-encoding" not in pages.client.get("/", headers={"Accept-Encoding": "identity"}).headers
    assert "content-encoding" not in pages.client.get("/healthz").headers


def test_the_style_sheet_can_stand_in_a_page() -> None:
    assert "<" not in style(), "it would end the element"
    assert "@import" not in style()
    assert "url(" not in style()


def test_the_pages_hold_below_a_prefix(pages: Pages) -> None:
    """All links are relative, so that a proxy may put the farm anywhere."""
    for path in ("/", "/table/" + pages.farm.scratch.git("rev-parse", "HEAD"), "/commits"):
        for link in links(parse(pages.html(path))):
            assert not link.startswith("/"), link
