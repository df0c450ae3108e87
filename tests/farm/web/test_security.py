"""Who may read, and what a browser may do with what it gets."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from farm.web.app import create_app
from farm.web.page import Page, View
from tests.farm.tinyfarm import TinyFarm
from tests.farm.web.conftest import Pages, settings_of
from tests.farm.web.validity import active, lacks, parse

TOKEN = "a long täken"
PATHS = ("/", "/table?commit=HEAD", "/commits", "/style.css", "/healthz", "/api/table", "/api/openapi.json", "/nothing")


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


def test_where_there_is_a_token_everything_wants_it(pages: Pages, serve: Callable[..., TestClient]) -> None:
    client = serve(pages_token=TOKEN)
    for path in PATHS:
        for given in (None, "Bearer", "Bearer a long", f"Digest {TOKEN}", basic("a"), "Basic !", "Basic bm8="):
            headers = {"Authorization": given.encode()} if given else {}
            answered = client.get(path, headers=headers, follow_redirects=False)
            assert answered.status_code == 401, (path, given)
            assert answered.headers["www-authenticate"].startswith("Basic ")
            assert TOKEN not in answered.text
            assert "Content-Security-Policy" in answered.headers
        for given in (f"Bearer {TOKEN}", f"bearer  {TOKEN} ", basic(TOKEN)):
            answered = client.get(path, headers={"Authorization": given.encode()})
            assert answered.status_code == (404 if path == "/nothing" else 200), (path, given)
    assert client.get("/api/table").json()["schema"] == "farm-error/1"


def test_every_answer_says_what_a_browser_may_do(pages: Pages) -> None:
    for path in PATHS:
        headers = pages.client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'")
        assert "script" not in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "cache-control" in headers
        assert "server" not in headers


def test_pages_hold_to_the_policy_and_can_be_read_aloud(pages: Pages) -> None:
    commit = pages.farm.scratch.git("rev-parse", "HEAD")
    for path in ("/", f"/table/{commit}?kind=block&tested=1", "/commits", f"/diff/{commit}/{commit}"):
        page = parse(pages.html(path))
        assert (path, active(page), lacks(page)) == (path, [], [])
    for path in ("/nothing", "/table?commit=mian", "/?name=nothing"):
        page = parse(pages.client.get(path).text)
        assert (path, active(page), lacks(page)) == (path, [], [])


@pytest.mark.parametrize("path", ["/broken", "/api/broken"])
def test_a_mistake_of_the_farm_is_said_without_its_details(
    tiny: TinyFarm, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    def fail(_view: View) -> str:
        raise RuntimeError("a secret")

    pages_of_it = (Page("broken", "broken", fail), Page("api", "api/broken", fail))
    client = TestClient(create_app(settings_of(tiny.scratch.root), pages_of_it), raise_server_exceptions=True)
    answered = client.get(path)
    assert answered.status_code == 500
    assert "a secret" not in answered.text
    assert "its log says which" in answered.text
    assert "Content-Security-Policy" in answered.headers
    assert "a secret" in caplog.text
