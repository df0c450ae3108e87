"""The support table: how each cell is known, its worst figures, its columns."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.coordinator.dispatch import dispatch
from farm.coordinator.jobs import want_verdicts
from farm.coordinator.merge import merge
from farm.coordinator.moves import move_job
from farm.coordinator.release import release_job
from farm.database.engine import Database
from farm.database.models import Attempt, Job, Submission
from farm.inventory import Inventory
from farm.protocol import ReportMessage
from farm.states.cell import Cell
from farm.states.jobs import JobState
from farm.states.verdict import Provenance, Verdict
from farm.table.table import Change, Row, build_table
from farm.verdicts.inheritance import Reprove
from tests.farm.databases import INVENTORY
from tests.farm.rows import SAMPLES, START, FakeWire, judge, lose, report, submit
from workers.outcome import Cause, Outcome
from workers.report import CaseReport, TensorError

DAY = timedelta(days=1)


def row(database: Database, inventory: Inventory, name: str = "net", commit: str = "c1") -> Row:
    with database.read() as session:
        (found,) = build_table(session, commit, inventory, name).rows
    return found


def cell(database: Database, inventory: Inventory, name: str = "net", commit: str = "c1") -> Cell:
    return row(database, inventory, name, commit).cells["numpy"]


def known(found: Cell) -> tuple[Verdict, Provenance]:
    return found.verdict, found.provenance


def test_an_observed_verdict_has_its_evidence(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    attempts = judge(database, inventory)
    found = cell(database, inventory)
    assert known(found) == (Verdict.SUPPORTED, Provenance.OBSERVED)
    assert (found.outcome, found.state, found.commit) == (Outcome.PASS, "", "c1")
    assert found.attempt in attempts
    assert [r.sample for r in found.resolutions] == list(SAMPLES)
    assert found.resolutions[0].latency_ms == 3.0
    assert found.first_divergent_layer is None


def test_a_failure_names_its_layer_and_cause(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK)
    found = cell(database, inventory)
    assert (found.verdict, found.outcome, found.cause) == (Verdict.FAILED, Outcome.MISMATCH, "device stack")
    assert found.first_divergent_layer is not None
    assert (found.first_divergent_layer.module, found.first_divergent_layer.introduced_here) == ("layer1.0.conv1", True)
    layer = found.first_divergent_layer
    assert (layer.local_error, layer.inherited_error, layer.signature) == (0.4, 1e-6, "conv2d(float32[1, 3, 8, 8])")


def test_the_worst_figures_over_outputs_and_resolutions_are_shown(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    message = next(m for m in wire.sent if m.device_type == "numpy")
    good = TensorError("out", 1e-6, 1e-6, 110.0, 1.0, 0.0, 0.9)
    cases = (
        CaseReport("a", Outcome.PASS, tensors=(good, replace(good, output="aux", max_abs_error=3e-6)), latency_ms=9.0),
        CaseReport("b", Outcome.PASS, tensors=(replace(good, sqnr_db=80.0), replace(good, margin=0.1)), latency_ms=2.0),
        CaseReport("c", Outcome.PASS),
    )
    said: ReportMessage = report(message)
    merge(database, msgspec.structs.replace(said, report=replace(said.report, cases=cases)), START)
    found = cell(database, inventory)
    assert (found.max_abs_error, found.sqnr_db, found.margin, found.latency_ms) == (3e-6, 80.0, 0.1, 9.0)
    assert [r.max_abs_error for r in found.resolutions] == [3e-6, 1e-6, None]
    assert [r.sqnr_db for r in found.resolutions] == [110.0, 80.0, None]


def test_layers_count_for_the_margin_and_outputs_for_the_errors(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    message = next(m for m in wire.sent if m.device_type == "numpy")
    end = TensorError("out", 0.3, 0.3, 11.0, 0.9, 0.0, None)
    layer = TensorError("v7", 0.01, 0.01, 44.0, 1.0, 0.0, 0.4, layer="conv2d")
    said: ReportMessage = report(message)
    cases = (CaseReport("a", Outcome.PASS, tensors=(end, layer)),)
    merge(database, msgspec.structs.replace(said, report=replace(said.report, cases=cases)), START)
    found = cell(database, inventory)
    assert (found.max_abs_error, found.sqnr_db, found.margin) == (0.3, 11.0, 0.4)


def test_no_figures_are_no_figures() -> None:
    found = Cell("numpy", Verdict.MISSING, Provenance.NEVER)
    assert (found.max_abs_error, found.sqnr_db, found.margin, found.latency_ms) == (None,) * 4


def test_the_same_bundle_at_another_commit_inherits(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory)
    submit(database, inventory, ["net"], "c2", date=START + DAY)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 2  # one a device, none for the second commit
    assert known(cell(database, inventory, commit="c2")) == (Verdict.SUPPORTED, Provenance.INHERITED)
    assert cell(database, inventory, commit="c2").commit == "c1"
    assert cell(database, inventory, commit="c2").attempt == cell(database, inventory, commit="c1").attempt


def test_an_unjudged_bundle_shows_the_newest_verdict_before_it_as_stale(
    database: Database, inventory: Inventory
) -> None:
    submit(database, inventory, ["net"], "c1", version="1")
    judge(database, inventory)
    submit(database, inventory, ["net"], "c2", version="2", date=START + DAY)
    judge(database, inventory, Outcome.MISMATCH)
    submit(database, inventory, ["net"], "c3", version="3", date=START + 2 * DAY)
    found = cell(database, inventory, commit="c3")
    assert known(found) == (Verdict.FAILED, Provenance.STALE)
    assert (found.commit, found.state) == ("c2", "queued")
    assert known(cell(database, inventory, commit="c2")) == (Verdict.FAILED, Provenance.OBSERVED)


def test_what_came_later_is_never_stale(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], "new", version="2", date=START + DAY)
    judge(database, inventory)
    submit(database, inventory, ["net"], "old", version="1")
    assert known(cell(database, inventory, commit="old")) == (Verdict.MISSING, Provenance.NEVER)


def test_uncommitted_changes_are_newer_than_their_commit(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], "c1+dirty.12345678", version="2")
    judge(database, inventory)
    submit(database, inventory, ["net"], "c1", version="1")
    assert known(cell(database, inventory, commit="c1")) == (Verdict.MISSING, Provenance.NEVER)
    judge(database, inventory, Outcome.MISMATCH)
    submit(database, inventory, ["net"], "c1+dirty.87654321", version="3")
    assert known(cell(database, inventory, commit="c1+dirty.87654321")) == (Verdict.SUPPORTED, Provenance.STALE)


def test_no_verdict_is_no_older_verdict(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], "c1", version="1")
    judge(database, inventory)
    submit(database, inventory, ["net"], "c2", version="2", date=START + DAY)
    judge(database, inventory, Outcome.HARNESS_ERROR, Cause.HARNESS)
    assert known(cell(database, inventory, commit="c2")) == (Verdict.NO_VERDICT, Provenance.OBSERVED)
    submit(database, inventory, ["net"], "c3", version="3", date=START + 2 * DAY)
    found = cell(database, inventory, commit="c3")
    assert (*known(found), found.commit) == (Verdict.SUPPORTED, Provenance.STALE, "c1")


def test_another_architectures_verdict_is_not_its_own(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], "c1", kind="block")
    judge(database, inventory)
    submit(database, inventory, ["net"], "c2", version="2", date=START + DAY)
    assert known(cell(database, inventory, commit="c2")) == (Verdict.MISSING, Provenance.NEVER)


def test_each_configuration_of_a_device_has_verdicts_of_its_own(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory)
    devices = {**INVENTORY["devices"], "numpy": {"driver": "numpy", "policy": "fp32", "profile": {"mode": "exact"}}}
    changed = Inventory.model_validate({**INVENTORY, "devices": devices})
    assert known(cell(database, changed)) == (Verdict.MISSING, Provenance.NEVER)
    assert known(row(database, changed).cells["torch"]) == (Verdict.SUPPORTED, Provenance.OBSERVED)
    submit(database, changed, ["net"], "c2", date=START + DAY)
    judge(database, changed, Outcome.MISMATCH)
    assert known(cell(database, changed, commit="c2")) == (Verdict.FAILED, Provenance.OBSERVED)
    assert known(cell(database, inventory, commit="c2")) == (Verdict.SUPPORTED, Provenance.INHERITED)


def test_another_policy_has_verdicts_of_its_own(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory)
    policy = {**INVENTORY["policies"]["fp32"], "version": 2, "rtol": 1e-5}
    stricter = Inventory.model_validate({**INVENTORY, "policies": {"fp32": policy}})
    assert known(cell(database, stricter)) == (Verdict.MISSING, Provenance.NEVER)


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome.MODEL_FAILED, Verdict.FAILED),
        (Outcome.CONVERT_FAILED, Verdict.FAILED),
        (Outcome.REFERENCE_INVALID, Verdict.NO_VERDICT),
        (Outcome.HARNESS_ERROR, Verdict.NO_VERDICT),
        (Outcome.PRECLUDED, Verdict.NO_VERDICT),
    ],
)
def test_a_failed_conversion_is_every_devices_cell(
    database: Database, inventory: Inventory, outcome: Outcome, verdict: Verdict
) -> None:
    submit(database, inventory, ["net"], "c0", date=START - DAY)
    judge(database, inventory)
    submit(database, inventory, ["net"], state="failed", outcome=outcome)
    for found in row(database, inventory).cells.values():
        assert (*known(found), found.outcome) == (verdict, Provenance.OBSERVED, outcome)
        assert (found.message, found.cause, found.commit, found.state) == ("said of net", "model code", "c1", "")
        assert found.resolutions == ()


@pytest.mark.parametrize("state", ["queued", "running"])
def test_an_open_conversion_is_said_beside_what_is_known(database: Database, inventory: Inventory, state: str) -> None:
    submit(database, inventory, ["net"], state=state)
    submit(database, inventory, ["net"], "c0", date=START - DAY)
    found = cell(database, inventory)
    assert (*known(found), found.state) == (Verdict.MISSING, Provenance.NEVER, f"conversion {state}")
    judge(database, inventory)
    found = cell(database, inventory)
    assert (*known(found), found.state) == (Verdict.SUPPORTED, Provenance.STALE, f"conversion {state}")


def test_a_jobs_state_is_said_until_it_is_done(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    assert cell(database, inventory).state == "queued"
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    assert cell(database, inventory).state == "dispatched"
    merge(database, report(next(m for m in wire.sent if m.device_type == "numpy")), START)
    assert cell(database, inventory).state == ""
    assert row(database, inventory).cells["torch"].state == "dispatched"


def test_a_quarantined_job_is_said_until_another_one_is_done(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    lose(database, inventory)
    found = cell(database, inventory)
    assert (*known(found), found.state) == (Verdict.MISSING, Provenance.NEVER, "quarantined")
    with database.write() as session:
        (job, _) = session.scalars(select(Job).where(Job.state == JobState.QUARANTINED).order_by(Job.id)).all()
        release_job(session, job.id, "by a test", START)
    judge(database, inventory)
    found = cell(database, inventory)
    assert (*known(found), found.state) == (Verdict.SUPPORTED, Provenance.OBSERVED, "")


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.SUPERSEDED])
def test_a_job_that_ended_without_having_run_is_said_where_nothing_else_is_known(
    database: Database, inventory: Inventory, state: JobState
) -> None:
    submit(database, inventory, ["net"])
    with database.write() as session:
        for job in session.scalars(select(Job)).all():
            move_job(session, job.id, (JobState.QUEUED,), state, START)
    found = cell(database, inventory)
    assert (*known(found), found.state) == (Verdict.MISSING, Provenance.NEVER, state)
    submit(database, inventory, ["net"], "c2", submitted=START + DAY)
    judge(database, inventory)
    with database.write() as session:
        submission = session.scalars(select(Submission)).first()
        job = session.scalars(select(Job)).first()
        assert submission is not None
        assert job is not None
        submission.reprove = Reprove.ALL
        want_verdicts(session, inventory, submission, job.architecture_id, job.bundle, 0, START)
        for again in session.scalars(select(Job).where(Job.state == JobState.QUEUED)).all():
            move_job(session, again.id, (JobState.QUEUED,), state, START)
    found = cell(database, inventory)
    assert (found.verdict, found.state) == (Verdict.SUPPORTED, "")


@pytest.mark.parametrize("state", ["cancelled", "superseded"])
def test_a_conversion_that_was_not_wanted_any_more_is_said(
    database: Database, inventory: Inventory, state: str
) -> None:
    submit(database, inventory, ["net"], state=state)
    found = cell(database, inventory)
    assert (*known(found), found.state) == (Verdict.MISSING, Provenance.NEVER, f"conversion {state}")


def test_rows_are_in_the_order_of_kinds_and_names(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["b", "a"])
    submit(database, inventory, ["z", "a"], kind="block")
    submit(database, inventory, ["m"], kind="backbone")
    with database.read() as session:
        table = build_table(session, "c1", inventory)
        same = build_table(session, "c1", inventory, "a")
        none = build_table(session, "c1", inventory, "nobody")
    assert table.devices == ("numpy", "torch")
    names = [("network", "a"), ("network", "b"), ("backbone", "m"), ("block", "a"), ("block", "z")]
    assert [(r.kind, r.name) for r in table.rows] == names
    assert [(r.kind, r.name) for r in same.rows] == [("network", "a"), ("block", "a")]
    assert none.rows == ()


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("network", {"network": "net", "backbone": "ResNet50", "neck": None, "head": None}),
        ("backbone", {"network": None, "backbone": "net", "neck": None, "head": None}),
        ("head", {"network": None, "backbone": "ResNet50", "neck": None, "head": "net"}),
        ("block", {"network": "net", "backbone": "ResNet50", "neck": None, "head": None}),
        ("attention", {"network": "net", "backbone": "ResNet50", "neck": None, "head": None}),
    ],
)
def test_an_architecture_stands_in_the_column_of_its_kind(
    database: Database, inventory: Inventory, kind: str, columns: dict[str, str | None]
) -> None:
    submit(database, inventory, ["net"], kind=kind)
    found = row(database, inventory)
    assert found.columns == columns
    assert found.layers == ("Conv2d",)
    assert found.last_change == Change("c1", START)


def test_without_a_bundle_there_are_no_layers(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], state="queued")
    assert row(database, inventory).layers == ()
    assert row(database, inventory).columns["network"] == "net"


def test_the_number_of_queries_does_not_grow_with_the_table(
    database: Database, inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queries(commit: str) -> int:
        counted = 0
        execute = Session.execute

        def counting(*arguments: object, **named: object) -> object:
            nonlocal counted
            counted += 1
            return execute(*arguments, **named)  # type: ignore[call-overload]

        with database.read() as session, monkeypatch.context() as patch:
            patch.setattr(Session, "execute", counting)
            build_table(session, commit, inventory)
        return counted

    submit(database, inventory, ["net"])
    submit(database, inventory, [f"net{i}" for i in range(20)], "c2", date=START + DAY)
    judge(database, inventory)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 42
    assert queries("c1") == queries("c2")
