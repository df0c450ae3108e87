"""The API: the documents of the command, of the types that OpenAPI says; lists in parts; errors as documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ConfigDict, TypeAdapter
from starlette.testclient import TestClient
from typing_extensions import is_typeddict

from farm.cli import main
from farm.web.api import documents, list_documents
from farm.web.api.documents import DiffDocument, HistoryDocument, StatusDocument, TableDocument
from farm.web.api.list_documents import CommitsDocument, DevicesDocument, JobsDocument
from tests.farm.rows import submit
from tests.farm.web.conftest import Pages

#: Each route, with the type of its document and the command that prints the same one.
ROUTES: dict[str, tuple[type, str]] = {
    "/api/table": (TableDocument, "table"),
    "/api/table?kind=block&device=exact": (TableDocument, "table --kind block --device exact"),
    "/api/table?name=TI*&verdict=failed&commit=HEAD": (
        TableDocument,
        "table --name TI* --verdict failed --commit HEAD",
    ),
    "/api/diff?before=HEAD~1&after=HEAD": (DiffDocument, "diff HEAD~1 HEAD"),
    "/api/diff?before=HEAD&after=HEAD~1&kind=block&slower_by=2": (
        DiffDocument,
        "diff HEAD HEAD~1 --kind block --slower-by 2",
    ),
    "/api/status/tiny": (StatusDocument, "status tiny"),
    "/api/status/Block?commit=main~1&kind=block": (StatusDocument, "status Block@main~1 --kind block"),
    "/api/history/tiny?device=numpy&limit=1": (HistoryDocument, "history tiny --device numpy --limit 1"),
    "/api/devices": (DevicesDocument, "devices"),
}
#: Routes that ``test_details.py`` looks at.
DETAILS = {
    "/api/attempts/{attempt}",
    "/api/checkpoints",
    "/api/checkpoints/{checkpoint}",
    "/api/devices/{device}/units/{unit}",
    "/api/submissions/{submission}",
}


def read(client: TestClient, path: str) -> dict[str, Any]:
    answered = client.get(path)
    assert answered.status_code == 200, answered.text
    assert answered.headers["content-type"] == "application/json"
    found: dict[str, Any] = answered.json()
    assert next(iter(found)) == "schema"
    return found


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Callable[[type, object], None]:
    """Holds a document against its type: every field, and no other."""
    for module in (documents, list_documents):
        for kind in vars(module).values():
            if is_typeddict(kind):
                monkeypatch.setattr(kind, "__pydantic_config__", ConfigDict(extra="forbid"), raising=False)

    def hold(kind: type, found: object) -> None:
        TypeAdapter(kind).validate_json(json.dumps(found), strict=True)

    return hold


def test_documents_are_those_of_the_command_and_as_openapi_says(
    changed: Pages,
    check: Callable[[type, object], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(changed.farm.scratch.root)
    for path, (kind, command) in ROUTES.items():
        found = read(changed.client, path)
        check(kind, found)
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main([*command.split(), "--json"])
        assert json.loads(capsys.readouterr().out) == found, path


def test_jobs_and_commits_are_as_openapi_says_and_come_in_parts(
    changed: Pages, check: Callable[[type, object], None]
) -> None:
    commits = read(changed.client, "/api/commits?limit=1")
    check(CommitsDocument, commits)
    assert commits["commits"][0]["subject"] == "8 <channels> & more"
    rest = read(changed.client, f"/api/commits?limit=1&before={commits['next']}")
    assert [commit["subject"] for commit in rest["commits"]] == ["16 <channels> & more"]
    assert read(changed.client, f"/api/commits?limit=1&before={rest['next']}")["next"] is None
    jobs = read(changed.client, "/api/jobs?state=all")
    check(JobsDocument, jobs)
    assert jobs["total"] == len(jobs["jobs"]) > 2
    parts = [read(changed.client, f"/api/jobs?state=all&limit=1&offset={n}")["jobs"] for n in range(jobs["total"])]
    assert [job["id"] for part in parts for job in part] == [job["id"] for job in jobs["jobs"]]
    assert read(changed.client, "/api/jobs?state=done&device=exact")["total"] == jobs["total"] // 2


def test_there_is_nothing_but_reading(changed: Pages) -> None:
    described = changed.client.get("/api/openapi.json").json()
    assert {method for path in described["paths"].values() for method in path} == {"get"}
    named = {path.partition("?")[0].replace("/tiny", "/{name}").replace("/Block", "/{name}") for path in ROUTES}
    assert set(described["paths"]) == named | {"/api/commits", "/api/jobs", "/healthz"} | DETAILS
    for path in ("/api/table", "/", "/commits", "/healthz"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert changed.client.request(method, path).status_code == 405


ERRORS = (
    ("/api/nothing", 404, "there is no such page"),
    ("/api/table?commit=mian", 404, "did you mean main?"),
    ("/api/table?knd=block", 422, "knd: Extra inputs are not permitted"),
    ("/api/table?kind=blok", 422, "did you mean block?"),
    ("/api/table?device=nmpy", 404, "did you mean numpy?"),
    ("/api/diff", 422, "before: Field required"),
    ("/api/diff?before=HEAD&slower_by=1", 422, "slower_by: Input should be greater than 1"),
    ("/api/status/tny", 404, "did you mean tiny"),
    ("/api/history/tny", 404, "did you mean tiny"),
    ("/api/history/tiny?device=nmpy", 404, "did you mean numpy?"),
    ("/api/commits?before=nowhere", 404, "no recorded commit named"),
    ("/api/commits?limit=0", 422, "limit: Input should be greater than or equal to 1"),
    ("/api/jobs?state=quued", 422, "did you mean queued"),
    ("/api/jobs?device=nmpy", 404, "did you mean numpy?"),
    ("/api/devices?x=1", 422, "x: Extra inputs are not permitted"),
)


def test_an_error_is_a_document(pages: Pages) -> None:
    for path, status, said in ERRORS:
        answered = pages.client.get(path)
        found = answered.json()
        assert (path, answered.status_code, found["status"]) == (path, status, status)
        assert found["schema"] == "farm-error/1"
        assert said in found["error"]


def test_a_name_of_two_levels_must_be_chosen(pages: Pages) -> None:
    commit = pages.farm.scratch.git("rev-parse", "HEAD")
    submit(pages.farm.database, pages.farm.inventory, ["tiny"], commit, kind="block")
    answered = pages.client.get("/api/status/tiny")
    assert answered.status_code == 422
    assert "say kind=network or block" in answered.json()["error"]
    assert read(pages.client, "/api/status/tiny?kind=block")["kind"] == "block"


def test_what_is_known_already_is_not_sent_again(pages: Pages) -> None:
    first = pages.client.get("/api/table")
    again = pages.client.get("/api/table", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = pages.client.get("/api/table?tested=true", headers={"If-None-Match": 'W/"other"'})
    assert other.status_code == 200
