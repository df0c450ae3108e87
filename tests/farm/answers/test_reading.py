"""The JSON documents that scripts rely on: their fields, and that any figure can be printed."""

from __future__ import annotations

import json

import pytest

from farm.answers.reading import cell_document, convert_document, status_document, table_document
from farm.answers.schemas import CONVERT_SCHEMA, STATUS_SCHEMA, TABLE_SCHEMA
from farm.cli.context import emit_json
from farm.reading.job_list import ListedAttempt, ListedJob
from farm.reading.next_step import NextStep
from farm.reading.status import Status
from farm.reading.strip import Mark
from farm.states.cell import Cell, Source
from farm.states.jobs import JobState
from farm.states.verdict import Provenance, Verdict
from farm.states.wait_reason import WaitReason
from mcore.platform.bundle import FileEntry, Identity, Manifest
from tests.farm.cli.test_render import DATE, FAILED, PARTIAL, PREDICTED, ROW, TABLE
from tests.farm.values import replace

CELL = {
    "verdict",
    "provenance",
    "outcome",
    "cause",
    "message",
    "state",
    "resolutions",
    "max_abs_error",
    "sqnr_db",
    "margin",
    "latency_ms",
    "unsupported",
    "first_divergent_layer",
    "attempt",
    "rejudged",
    "observed_at",
    "observed_date",
    "unit",
    "stack",
    "stack_changes",
    "expires",
    "prediction",
    "condition",
    "probe",
    "latency_from",
    "last_change",
}
STATUS_CELL = {"device", "wait_reason", "job", "history", "next", *CELL}


STATUS = Status(
    "fedcba",
    ROW,
    jobs={},
    strips={"numpy": (Mark("c1", DATE, True, Verdict.SUPPORTED),)},
    next={"exact": NextStep("replay it here", "farm repro a1")},
)


def printed(schema: str, document: dict[str, object], capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    emit_json(schema, document)
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    assert next(iter(found)) == "schema"
    return found


def test_a_prediction_in_a_cell() -> None:
    assert cell_document(FAILED, ROW.last_change)["prediction"] is None
    found = cell_document(PREDICTED, ROW.last_change)
    assert (found["verdict"], found["provenance"], found["outcome"]) == ("MISSING", "predicted", None)
    assert found["prediction"] == {
        "chance": 0.034,
        "blocking": [{"trait": "gelu", "works": 0.02}, {"trait": "conv2d: depthwise", "works": 0.4}],
        "new": ["erf"],
        "evidence": 12,
    }


def test_a_condition_in_a_cell() -> None:
    assert (cell_document(FAILED, ROW.last_change)["condition"], cell_document(FAILED, ROW.last_change)["probe"]) == (
        None,
        "",
    )
    found = cell_document(PARTIAL, ROW.last_change)
    assert found["condition"] == {
        "text": "fails unless W % 8 == 0",
        "fits": True,
        "passes": 5,
        "fails": 4,
        "border": "24x24 passes, 17x23 fails",
        "nearest_pass": "24x24",
        "nearest_fail": "17x23",
        "others": ["fails below W = 24"],
        "why": "",
    }
    assert found["probe"] == "under way"


def test_the_status_document(capsys: pytest.CaptureFixture[str]) -> None:
    document = printed(STATUS_SCHEMA, status_document(STATUS), capsys)
    assert document["schema"] == "farm-status/1"
    assert set(document) == {"schema", "architecture", "commit", "kind", "reason", "layers", "cells"}
    assert (document["architecture"], document["commit"]) == ("resnet50", "fedcba")
    cells = document["cells"]
    assert isinstance(cells, list)
    assert [set(cell) for cell in cells] == [STATUS_CELL] * 2
    assert [(cell["wait_reason"], cell["job"]) for cell in cells] == [(None, None)] * 2
    assert [cell["next"] for cell in cells] == [None, {"text": "replay it here", "command": "farm repro a1"}]
    mark = {"commit": "c1", "date": "2026-03-01T12:00:00+00:00", "changed": True, "verdict": "SUPPORTED"}
    assert [cell["history"] for cell in cells] == [[{**mark, "outcome": None}], []]
    assert (cells[0]["device"], cells[0]["verdict"], cells[0]["max_abs_error"]) == ("numpy", "SUPPORTED", 1.25e-6)
    assert cells[0]["first_divergent_layer"] is None
    assert cells[1]["first_divergent_layer"] == {
        "module": "layer1.0.conv1",
        "source": "Conv2d",
        "op": "conv2d",
        "value": "v3",
        "error": 0.2,
        "introduced_here": True,
        "local_error": 0.25,
        "inherited_error": 1e-6,
        "signature": "conv2d(float32[1, 3, 8, 8], float32[4, 3, 3, 3])",
    }
    assert cells[1]["last_change"] == {"commit": "0123456789abcdef", "date": "2026-03-01T12:00:00+00:00"}
    assert set(cells[1]["resolutions"][0]) == {
        "sample", "outcome", "max_abs_error", "sqnr_db", "margin", "latency_ms", "message",
    }  # fmt: skip


def test_the_status_of_a_cell_says_why_its_job_waits() -> None:
    attempt = ListedAttempt(1, "lost", "unit-1", None, DATE, DATE)
    job = ListedJob(
        id=7,
        architecture="resnet50",
        kind="network",
        device="exact",
        state=JobState.QUEUED,
        waits=WaitReason.ALL_OFFLINE,
        notes="unit-1: offline since 10:02Z",
        reason="attempt 1 was lost on unit-1",
        priority=0,
        created=DATE,
        since=DATE,
        attempts=(attempt,),
        submission="s",
        commit="c",
        bundle="b",
    )
    (_, exact) = status_document(replace(STATUS, jobs={"exact": job}))["cells"]
    assert exact["wait_reason"] == "all offline"
    assert exact["job"] == {
        "id": 7,
        "units": "unit-1: offline since 10:02Z",
        "reason": "attempt 1 was lost on unit-1",
        "since": "2026-03-01T12:00:00+00:00",
        "attempts": 1,
    }


def test_the_table_document(capsys: pytest.CaptureFixture[str]) -> None:
    document = printed(TABLE_SCHEMA, table_document(TABLE), capsys)
    assert document["schema"] == "farm-table/1"
    assert set(document) == {"schema", "commit", "devices", "rows"}
    (row,) = document["rows"]  # type: ignore[misc]
    assert set(row) == {
        "architecture", "network", "backbone", "neck", "head", "kind", "layers", "last_change", "cells",
    }  # fmt: skip
    assert (row["network"], row["backbone"], row["neck"]) == ("resnet50", "ResNet50", None)
    assert {device: set(cell) for device, cell in row["cells"].items()} == {"numpy": CELL, "exact": CELL}


def test_a_cell_says_who_observed_it_where_and_until_when_it_counts() -> None:
    known = replace(
        FAILED,
        date=DATE,
        unit="board-3",
        stack={"numpy": "1"},
        changed=("numpy 1 → 2",),
        expires=DATE,
        latency_from=Source("a0", "c0", DATE),
    )
    document = cell_document(known, ROW.last_change)
    date = "2026-03-01T12:00:00+00:00"
    assert {key: document[key] for key in ("observed_date", "unit", "stack", "stack_changes", "expires")} == {
        "observed_date": date,
        "unit": "board-3",
        "stack": {"numpy": "1"},
        "stack_changes": ["numpy 1 → 2"],
        "expires": date,
    }
    assert document["latency_from"] == {"attempt": "a0", "observed_at": "c0", "observed_date": date}
    none = cell_document(Cell("numpy", Verdict.MISSING, Provenance.NEVER), ROW.last_change)
    assert [none[key] for key in ("observed_date", "unit", "expires", "latency_from")] == [None] * 4


def test_a_figure_that_json_cannot_say_is_refused_rather_than_printed() -> None:
    broken = replace(FAILED, resolutions=(replace(FAILED.resolutions[0], sqnr_db=float("nan")),))
    with pytest.raises(ValueError, match="JSON"):
        emit_json(STATUS_SCHEMA, status_document(replace(STATUS, row=replace(ROW, cells={"exact": broken}))))


def test_the_convert_document(capsys: pytest.CaptureFixture[str]) -> None:
    entry = FileEntry("0" * 64, 1)
    files = dict.fromkeys(("graph.json", "graph.1.json", "weights.safetensors", "samples/8x8.safetensors"), entry)
    report = {"graphs": [], "fallback": "", "canonicalised": {"dropout dropped": 2}}
    manifest = Manifest("swin_t", "network", Identity("a", "b", "c"), files, {}, report=report)
    document = printed(CONVERT_SCHEMA, convert_document("bundles/swin_t", manifest, 1.5), capsys)
    assert document == {
        "schema": "farm-convert/1",
        "architecture": "swin_t",
        "folder": "bundles/swin_t",
        "bundle": str(manifest.identity),
        "graphs": 2,
        "seconds": 1.5,
        "report": report,
    }
