"""The application as a whole: what every page has, and what is answered to what is not there or is asked wrongly."""

from __future__ import annotations

import pytest

from tests.farm.web.conftest import Pages


def test_the_front_page_is_the_table_of_what_is_checked_out(pages: Pages) -> None:
    commit = pages.farm.scratch.git("rev-parse", "HEAD")
    assert commit[:10] in pages.html("/")
    assert pages.html("/table", commit="main") == pages.html(f"/table/{commit}")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/nothing", 404, "there is no such page"),
        ("/table?commit=mian", 404, "revision &#39;mian&#39;"),
        ("/?knd=block", 422, "did you mean kind?"),
        ("/?kind=blok", 422, "did you mean block?"),
    ],
)
def test_what_is_asked_wrongly_is_said_on_a_page(pages: Pages, path: str, status: int, said: str) -> None:
    answered = pages.client.get(path)
    assert answered.status_code == status
    assert said in answered.text
    assert "<main" in answered.text
