"""Whatever is asked is answered: no question is a mistake of the farm's."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.farm.web.conftest import Pages

NASTY = (
    "a\0b",
    "--output=/tmp/x",
    "../../etc/passwd",
    "x" * 5000,
    "é\u2028\ud7ff",
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "[",
    "HEAD^{tree}",
    "1e309",
    "nan",
    "9" * 400,
)
PAGES = ("/table/{}", "/table?commit={}", "/?name={}", "/?kind={}", "/?device={}", "/?verdict={}", "/commits?before={}")
DIFFS = ("/diff?a={}&b=HEAD", "/diff/{}/HEAD", "/diff?a=HEAD&b=HEAD&slower_by={}", "/diff?a=HEAD&b=HEAD&device={}")
API = (
    "/api/table?commit={}",
    "/api/table?name={}",
    "/api/table?tested={}",
    "/api/diff?before={}",
    "/api/diff?before=HEAD&slower_by={}",
    "/api/status/{}",
    "/api/status/tiny?kind={}",
    "/api/history/{}",
    "/api/history/tiny?limit={}",
    "/api/commits?before={}",
    "/api/commits?limit={}",
    "/api/jobs?offset={}",
    "/api/jobs?device={}",
    "/api/jobs?state={}",
)


@pytest.mark.parametrize("routes", [PAGES, DIFFS, API], ids=["pages", "diffs", "api"])
def test_no_question_is_a_mistake_of_the_farm(pages: Pages, routes: tuple[str, ...]) -> None:
    for route in routes:
        for value in NASTY:
            answered = pages.client.get(route.format(quote(value, safe="")))
            assert answered.status_code in (200, 404, 422), (route, value[:20], answered.text[-300:])
            if answered.headers["content-type"].startswith("text/html"):
                assert "<script>" not in answered.text
            if answered.status_code != 200 and route.startswith("/api"):
                assert answered.json()["schema"] == "farm-error/1"
