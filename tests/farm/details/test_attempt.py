from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import func, update

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.database.engine import Database
from farm.database.models import Attempt
from farm.details.attempt import COMMITS, Evidence, canaries_of, read_attempt
from farm.errors import NotFoundError, UsageError
from farm.inventory import Inventory
from farm.states.jobs import AttemptState
from farm.states.verdict import Verdict
from tests.farm.rows import SAMPLES, START, FakeWire, judge, report, sha256, submit
from workers.outcome import Cause, Outcome

DAY = timedelta(days=1)


def read(database: Database, attempt: str) -> Evidence:
    with database.read() as session:
        return read_attempt(session, attempt)


def on_numpy(database: Database, attempts: list[str]) -> list[Evidence]:
    found = [read(database, attempt) for attempt in attempts]
    return sorted((e for e in found if e.device == "numpy"), key=lambda e: e.attempt.n)


def test_all_of_an_attempt_is_there(database: Database, inventory: Inventory) -> None:
    submission = submit(database, inventory, ["net"])
    (found,) = on_numpy(database, judge(database, inventory, unit="bench-1"))
    attempt = found.attempt
    assert (attempt.n, attempt.state, attempt.unit, attempt.outcome) == (
        1,
        AttemptState.REPORTED,
        "bench-1",
        Outcome.PASS,
    )
    assert (found.architecture, found.kind, found.device, found.driver) == ("net", "network", "numpy", "numpy")
    assert (found.policy.key, found.submission, found.commit) == ("fp32/1", submission, "c1")
    assert (found.bundle, found.duration_s, found.echoed) == (sha256("bundle net"), 0.5, True)
    assert [case.sample for case in found.cases] == list(SAMPLES)
    assert (found.cases[0].tensors[0].sqnr_db, found.cases[0].latency_ms) == (110.0, 3.0)
    assert (found.stack, found.canaries) == ({"runtime": "test 1"}, "passed before and after")
    assert (found.job_state, found.tries, found.divergent) == ("done", (attempt,), None)
    assert [(v.verdict, v.policy) for v in found.verdicts] == [(Verdict.SUPPORTED, "fp32/1")]
    assert (found.commits, found.commits_in_all) == (("c1",), 1)


def test_a_failure_has_its_layer_and_the_run_that_confirmed_it(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    first, second = on_numpy(database, judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK))
    assert [t.id for t in first.tries] == [t.id for t in second.tries] == [first.attempt.id, second.attempt.id]
    assert first.divergent is not None
    sample, layer = first.divergent
    assert (sample, layer.module, layer.local_error, layer.inherited_error) == (SAMPLES[0], "layer1.0.conv1", 0.4, 1e-6)
    assert [v.verdict for v in (*first.verdicts, *second.verdicts)] == [Verdict.FAILED]  # it quotes one of the two


def test_an_attempt_stands_for_every_commit_with_its_bundle(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    (attempt,) = (e.attempt.id for e in on_numpy(database, judge(database, inventory)))
    for n in range(2, COMMITS + 3):
        submit(database, inventory, ["net"], f"c{n}", date=START + n * DAY)
    submit(database, inventory, ["net"], "other", version="2", date=START + 99 * DAY)
    found = read(database, attempt)
    assert found.commits_in_all == COMMITS + 2
    assert found.commits == tuple(f"c{n}" for n in range(COMMITS + 2, 2, -1))


def test_one_that_has_not_ended_has_no_evidence_yet(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    found = read(database, wire.sent[0].attempt)
    assert (found.attempt.state, found.attempt.outcome, found.attempt.unit) == (AttemptState.DISPATCHED, None, None)
    assert (found.cases, found.stack, found.log, found.canaries) == ((), {}, "", "not known: it has not ended")


def test_what_it_did_to_the_health_of_its_unit_is_there(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    said = report(wire.sent[0], Outcome.INFRA_ERROR, Cause.DEVICE_UNIT)
    broken = replace(said.report, message="canary failed: wrong sum", log="two\nlines", unsupported=("nms",))
    merge(database, msgspec.structs.replace(said, report=broken), START)
    found = read(database, wire.sent[0].attempt)
    assert found.canaries == "failed: what the unit says counts for nothing"
    assert (found.log, found.unsupported) == ("two\nlines", ("nms",))
    assert [(c.change, c.old, c.new) for c in found.consequences] == [("troubled", "unknown", "unknown")]


def test_the_beginning_of_an_id_will_do_where_it_is_one_s_alone(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    attempt = wire.sent[0].attempt
    assert read(database, attempt[:12]).attempt.id == attempt
    with database.write() as session:
        session.execute(update(Attempt).values(id=func.substr(attempt, 1, 12).concat(func.substr(Attempt.id, 13))))
    with pytest.raises(UsageError, match="more than one attempt begins with"):
        read(database, attempt[:12])


def test_an_id_that_nobody_has_suggests_those_that_are_near(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    attempt = judge(database, inventory)[0]
    mistyped = attempt[:-1] + ("0" if attempt[-1] != "0" else "1")
    with pytest.raises(NotFoundError, match=f"did you mean {attempt}"):
        read(database, mistyped)
    with pytest.raises(NotFoundError, match=r"no attempt named '%'$"):
        read(database, "%")


@pytest.mark.parametrize(
    ("outcome", "stage", "message", "said"),
    [
        (Outcome.PASS, "done", "", "passed before and after"),
        (Outcome.MISMATCH, "done", "out leaves its golden", "passed before and after"),
        (Outcome.CRASH, "run", "signal 11", "passed before and after, the latter once the network had died"),
        (Outcome.UNSUPPORTED_OP, "done", "", "not run: what the device lacks is known before anything is"),
        (Outcome.HARNESS_ERROR, "run", "", "not known: what it ended with says nothing of the product"),
        (Outcome.INFRA_ERROR, "done", "canary failed: NaN", "failed: what the unit says counts for nothing"),
    ],
)
def test_the_canaries_are_told_from_what_became_of_it(outcome: Outcome, stage: str, message: str, said: str) -> None:
    assert canaries_of(outcome, stage, message) == said
