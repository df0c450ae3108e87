"""The API: the documents of the command, of the types that OpenAPI says; lists in parts; errors as documents."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from farm.cli import main
from farm.documents import DOCUMENTS
from farm.documents.queue import Devices
from farm.documents.reading import Diff, History, Status, Table
from tests.farm.documents.valid import valid
from tests.farm.rows import submit
from tests.farm.web.conftest import Pages

DOCUMENT_PAGE = Path(__file__).parents[4] / "docs" / "json.md"
#: Each route, with the type of its document and the command that prints the same one.
ROUTES: dict[str, tuple[type, str]] = {
    "/api/table": (Table, "table"),
    "/api/table?kind=block&device=exact": (Table, "table --kind block --device exact"),
    "/api/table?name=TI*&verdict=failed&commit=HEAD": (
        Table,
        "table --name TI* --verdict failed --commit HEAD",
    ),
    "/api/diff?before=HEAD~1&after=HEAD": (Diff, "diff HEAD~1 HEAD"),
    "/api/diff?before=HEAD&after=HEAD~1&kind=block&slower_by=2": (
        Diff,
        "diff HEAD HEAD~1 --kind block --slower-by 2",
    ),
    "/api/status/tiny": (Status, "status tiny"),
    "/api/status/Block?commit=main~1&kind=block": (Status, "status Block@main~1 --kind block"),
    "/api/history/tiny?device=numpy&limit=1": (History, "history tiny --device numpy --limit 1"),
    "/api/devices": (Devices, "devices"),
}
#: Routes that ``test_details.py`` looks at.
DETAILS = {
    "/api/attempts/{attempt}",
    "/api/checkpoints",
    "/api/checkpoints/{checkpoint}",
    "/api/devices/{device}/units/{unit}",
    "/api/submissions/{submission}",
}
#: Routes that ``tests/farm/web/pages/test_regressions.py`` looks at.
REGRESSIONS = {"/api/regressions", "/api/regressions/{number}"}


def read(client: TestClient, path: str) -> dict[str, Any]:
    answered = client.get(path)
    assert answered.status_code == 200, answered.text
    assert answered.headers["content-type"] == "application/json"
    return valid(answered.text)


def test_documents_are_those_of_the_command_and_as_openapi_says(
    changed: Pages,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(changed.farm.scratch.root)
    for path, (kind, command) in ROUTES.items():
        found = read(changed.client, path)
        assert DOCUMENTS[found["schema"]] is kind
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main([*command.split(), "--json"])
        assert json.loads(capsys.readouterr().out) == found, path


def test_jobs_and_commits_are_as_openapi_says_and_come_in_parts(changed: Pages) -> None:
    commits = read(changed.client, "/api/commits?limit=1")
    assert commits["commits"][0]["subject"] == "8 <channels> & more"
    rest = read(changed.client, f"/api/commits?limit=1&before={commits['next']}")
    assert [commit["subject"] for commit in rest["commits"]] == ["16 <channels> & more"]
    assert read(changed.client, f"/api/commits?limit=1&before={rest['next']}")["next"] is None
    jobs = read(changed.client, "/api/jobs?state=all")
    assert jobs["total"] == len(jobs["jobs"]) > 2
    parts = [read(changed.client, f"/api/jobs?state=all&limit=1&offset={n}")["jobs"] for n in range(jobs["total"])]
    assert [job["id"] for part in parts for job in part] == [job["id"] for job in jobs["jobs"]]
    assert read(changed.client, "/api/jobs?state=done&device=exact")["total"] == jobs["total"] // 2


def test_there_is_nothing_but_reading(changed: Pages) -> None:
    described = changed.client.get("/api/openapi.json").json()
    assert {method for path in described["paths"].values() for method in path} == {"get"}
    named = {path.partition("?")[0].replace("/tiny", "/{name}").replace("/Block", "/{name}") for path in ROUTES}
    assert set(described["paths"]) == named | {"/api/commits", "/api/jobs", "/healthz"} | DETAILS | REGRESSIONS
    for path in ("/api/table", "/", "/commits", "/healthz"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert changed.client.request(method, path).status_code == 405


def test_openapi_has_the_documents_as_they_are_declared(pages: Pages) -> None:
    described = pages.client.get("/api/openapi.json").json()
    schemas = described["components"]["schemas"]
    names = set()
    for path in described["paths"].values():
        for answered in path["get"]["responses"].values():
            reference = answered["content"]["application/json"]["schema"]["$ref"].removeprefix("#/components/schemas/")
            names |= {*schemas[reference]["properties"]["schema"]["enum"]}
    assert {name for name, document in DOCUMENTS.items() if document.routes} <= names <= set(DOCUMENTS)
    paths = {route for document in DOCUMENTS.values() for route in document.routes} - {"/api/..."}
    assert paths <= set(described["paths"])
    said = json.dumps(described)
    assert set(re.findall(r"#/components/schemas/([^\"]+)", said)) <= set(schemas)
    assert '"additionalProperties": false' not in said
    assert schemas["Cell"]["properties"]["margin"]["description"] in DOCUMENT_PAGE.read_text()


ERRORS = (
    ("/api/nothing", 404, "there is no such page"),
    ("/api/table?commit=mian", 404, "did you mean main?"),
    ("/api/table?knd=block", 422, "knd: Extra inputs are not permitted"),
    ("/api/table?kind=blok", 422, "did you mean block?"),
    ("/api/table?device=nmpy", 404, "did you mean numpy?"),
    ("/api/diff", 422, "before: Field required"),
    ("/api/diff?before=HEAD&slower_by=1", 422, "slower_by: Input should be greater than 1"),
    ("/api/diff?before=HEAD&slower_by=inf", 422, "slower_by: Input should be less than or equal to 1000000"),
    ("/api/diff?before=HEAD&slower_by=nan", 422, "slower_by: "),
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
        found = valid(answered.text)
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
