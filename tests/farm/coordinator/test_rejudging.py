"""Verdicts under a new version of a policy, from what the attempts under the old one left in the database."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace as changed
from sqlalchemy import event, func, select

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.coordinator.rejudging import Rejudgement, rejudge
from farm.database.engine import Database
from farm.database.models import Attempt, HealthEvent, Job
from farm.database.models import Verdict as VerdictRow
from farm.errors import InventoryError
from farm.inventory import Inventory
from farm.protocol import AttemptMessage, ReportMessage
from farm.states.verdict import Verdict
from farm.table.table import build_table
from mcore.platform.bundle import Sample
from tests.farm.databases import INVENTORY
from tests.farm.rows import SAMPLES, START, FakeWire, judge, report, submit
from workers.judging.compare import compare_outputs
from workers.judging.evidence import roll_up, weigh
from workers.outcome import Cause, Outcome
from workers.report import CaseReport

DAY = timedelta(days=1)
GOLDEN = np.linspace(-1, 1, 64, dtype=np.float32)
STACK = {"runtime": "test 1"}


def inventory_of(version: int, **numbers: Any) -> Inventory:
    """One device under ``fp32``."""
    made = copy.deepcopy(INVENTORY)
    made["devices"] = {"numpy": made["devices"]["numpy"]}
    made["policies"]["fp32"] |= {"version": version, **numbers}
    return Inventory.model_validate(made)


OLD = inventory_of(1)
NARROW = inventory_of(2, atol_rel=1e-6, rtol=0.0)
WIDE = inventory_of(2, atol_rel=1e-1, rtol=1e-1, sqnr_db=20, cosine=0.9)


def observed(message: AttemptMessage, error: float, **said: Any) -> ReportMessage:
    """What a host says of a device whose outputs are off by ``error`` of the peak."""
    cases = []
    for name in SAMPLES:
        value = GOLDEN + np.float32(error) * np.where(np.arange(64) % 2, 1, -1).astype(np.float32)
        compared = compare_outputs({"out": value}, {"out": GOLDEN}, message.policy)
        case = CaseReport(name, compared.outcome, compared.message, compared.tensors, 3.0, firm=compared.firm)
        cases.append(weigh(case, Sample(name, {}, {"out": GOLDEN}, sensitivity={"out": 1.0}), message.policy))
    found = roll_up(cases, SAMPLES, fixed_sizes=False)
    made = report(message, found.outcome, found.cause, **said)
    return changed(made, report=replace(made.report, cases=tuple(cases), message=found.message, stack=STACK))


def observe(database: Database, inventory: Inventory, *errors: float, names: tuple[str, ...] = ("net",)) -> list[str]:
    """Submit, and let the device be off by each of ``errors`` in turn, as long as runs are wanted."""
    submit(database, inventory, names)
    return observe_more(database, inventory, *errors)


def observe_more(database: Database, inventory: Inventory, *errors: float) -> list[str]:
    wire, done = FakeWire(), 0
    while dispatch(database, inventory, wire, START):
        for message in wire.sent[done:]:
            merge(database, observed(message, errors[min(done, len(errors) - 1)]), START + done * timedelta(hours=1))
            done += 1
    return [message.attempt for message in wire.sent]


def again(database: Database, inventory: Inventory, **options: Any) -> list[Rejudgement]:
    return rejudge(database, inventory, inventory.policy("fp32"), ["numpy"], START + DAY, **options)


def verdicts(database: Database) -> dict[str, str]:
    """By policy."""
    with database.read() as session:
        return {row.policy: row.verdict for row in session.scalars(select(VerdictRow))}


def test_a_wider_version_turns_a_confirmed_failure_into_a_support_without_any_run(database: Database) -> None:
    first, second = observe(database, OLD, 1e-3)
    (row,) = again(database, WIDE)
    assert (row.architecture, row.kind, row.device) == ("net", "network", "numpy")
    assert (row.policy_before, row.before, row.verdict) == ("fp32/1", Verdict.FAILED, Verdict.SUPPORTED)
    assert (row.outcome, row.needs_replay) == (Outcome.PASS, "")
    assert row.margin is not None
    assert 0 < row.margin < 1
    assert verdicts(database) == {"fp32/1": Verdict.FAILED, "fp32/2": Verdict.SUPPORTED}, "the old one stands"
    with database.read() as session:
        copies = session.scalars(select(Attempt).where(Attempt.rejudged.is_not(None)).order_by(Attempt.n)).all()
        assert [made.rejudged for made in copies] == [first, second]
        assert {made.outcome for made in copies} == {Outcome.PASS}
        assert {made.duration_s for made in copies} == {None}, "it took no device's time"


def test_the_table_shows_it_and_nothing_is_queued(database: Database) -> None:
    ran = observe(database, OLD, 1e-3)
    again(database, WIDE)
    with database.read() as session:
        (row,) = build_table(session, "c1", WIDE).rows
    cell = row.cells["numpy"]
    assert cell.rejudged == ran[-1]
    assert (cell.verdict, cell.outcome, cell.latency_ms) == (Verdict.SUPPORTED, Outcome.PASS, 3.0)
    assert cell.max_abs_error == pytest.approx(1e-3, rel=1e-3)
    assert cell.margin is not None
    assert cell.margin > 0
    submit(database, WIDE, ["net"], "c2", date=START + DAY)
    assert dispatch(database, WIDE, FakeWire(), START + DAY) == 0


def test_a_failure_that_is_confirmed_stays_one_under_a_narrower_version(database: Database) -> None:
    observe(database, OLD, 1e-3)
    (row,) = again(database, NARROW)
    assert (row.before, row.verdict, row.needs_replay) == (Verdict.FAILED, Verdict.FAILED, "")
    assert verdicts(database)["fp32/2"] == Verdict.FAILED


def test_a_single_run_that_fails_now_needs_a_replay(database: Database) -> None:
    observe(database, OLD, 1e-5)
    (row,) = again(database, NARROW)
    assert (row.before, row.verdict, row.outcome) == (Verdict.SUPPORTED, Verdict.FAILED, Outcome.MISMATCH)
    assert row.needs_replay == "the only run fails now, and a second one has to confirm it"
    assert verdicts(database) == {"fp32/1": Verdict.SUPPORTED}, "nothing is entered"
    submit(database, NARROW, ["net"], "c2", date=START + DAY)
    assert dispatch(database, NARROW, FakeWire(), START + DAY) == 1, "the next submission replays it"


def test_runs_that_differ_are_flaky_under_a_version_that_lies_between_them(database: Database) -> None:
    observe(database, OLD, 5e-2, 1e-3)
    (row,) = again(database, inventory_of(2, atol_rel=1e-2, rtol=0.0, sqnr_db=20, cosine=0.9))
    assert (row.before, row.verdict) == (Verdict.FAILED, Verdict.FLAKY)


def test_a_unit_that_stands_alone_is_not_the_product_and_is_not_suspected_of_what_is_long_past(
    database: Database,
) -> None:
    submit(database, OLD, ["net"])
    wire, done = FakeWire(), 0
    while dispatch(database, OLD, wire, START):
        for message in wire.sent[done:]:
            unit, error = ("bench-1", 5e-2) if not done else ("bench-2", 1e-3)
            merge(database, observed(message, error, unit=unit), START + done * timedelta(hours=1))
            done += 1
    (row,) = again(database, inventory_of(2, atol_rel=1e-2, rtol=0.0, sqnr_db=20, cosine=0.9))
    assert (row.before, row.verdict, row.outcome) == (Verdict.FAILED, Verdict.SUPPORTED, Outcome.PASS)
    assert verdicts(database)["fp32/2"] == Verdict.SUPPORTED
    with database.read() as session:
        first, second = session.scalars(select(Attempt).where(Attempt.rejudged.is_not(None)).order_by(Attempt.n))
        assert (first.outcome, first.cause) == (Outcome.MISMATCH, Cause.DEVICE_UNIT)
        assert second.outcome == Outcome.PASS
        assert session.scalars(select(HealthEvent)).all() == []


def test_a_replay_that_comes_later_counts_beside_it(database: Database) -> None:
    observe(database, OLD, 1e-3)
    again(database, WIDE)
    with database.write() as session:
        job = session.scalar(select(Job).where(Job.policy == "fp32/2"))
        assert job is not None
        job.state = "queued"
    observe_more(database, WIDE, 0.5)
    assert verdicts(database) == {"fp32/1": Verdict.FAILED, "fp32/2": Verdict.FLAKY}


def test_a_second_time_there_is_nothing_left_and_what_came_meanwhile_is_taken(database: Database) -> None:
    observe(database, OLD, 1e-3)
    assert len(again(database, WIDE)) == 1
    assert again(database, WIDE) == []
    submit(database, OLD, ["other"], "c2", date=START + DAY)
    observe_more(database, OLD, 1e-5)
    assert [row.architecture for row in again(database, WIDE)] == ["other"]


def test_two_that_judge_again_at_once_enter_it_once(database: Database) -> None:
    observe(database, OLD, 1e-7)
    begun: list[str] = []
    inner: list[Rejudgement] = []

    def overtake(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "verdict.policy !=" in statement and not begun:  # the first has just seen what there is to do
            begun.append(statement)
            inner.extend(again(database, WIDE))

    event.listen(database.engine, "after_cursor_execute", overtake)
    try:
        assert again(database, WIDE) == []
    finally:
        event.remove(database.engine, "after_cursor_execute", overtake)
    assert len(inner) == 1
    with database.read() as session:
        assert session.scalar(select(func.count()).where(Attempt.rejudged.is_not(None))) == 1


def test_only_the_bundles_of_a_commit(database: Database) -> None:
    observe(database, OLD, 1e-5)
    submit(database, OLD, ["other"], "c2", date=START + DAY)
    observe_more(database, OLD, 1e-5)
    assert [row.architecture for row in again(database, WIDE, commit="c2")] == ["other"]
    assert [row.architecture for row in again(database, WIDE, commit="c1")] == ["net"]


def test_attempts_of_hosts_that_keep_no_statistics_need_a_replay(database: Database) -> None:
    submit(database, OLD, ["net"])
    judge(database, OLD, Outcome.PASS)
    (row,) = again(database, WIDE)
    assert (row.verdict, row.needs_replay) == (None, "it was run by a version that kept no statistics")
    assert verdicts(database) == {"fp32/1": Verdict.SUPPORTED}


def test_what_tolerances_have_no_say_in_is_taken_over(database: Database) -> None:
    submit(database, OLD, ["net"])
    judge(database, OLD, Outcome.CRASH, Cause.DEVICE_STACK)
    (row,) = again(database, WIDE)
    assert (row.verdict, row.outcome, row.needs_replay) == (Verdict.FAILED, Outcome.CRASH, "")


def test_what_says_nothing_of_the_product_is_left_out(database: Database) -> None:
    submit(database, OLD, ["net"])
    judge(database, OLD, Outcome.INFRA_ERROR, Cause.INFRA)
    assert again(database, WIDE) == []


def test_a_failure_whose_report_echoed_nothing_is_no_support(database: Database) -> None:
    submit(database, OLD, ["net"])
    wire, done = FakeWire(), 0
    while dispatch(database, OLD, wire, START):
        for message in wire.sent[done:]:
            merge(database, observed(message, 1e-3, nonce="another"), START)
        done = len(wire.sent)
    (row,) = again(database, WIDE)
    assert row.verdict is None
    assert "name the bundle and the nonce" in row.needs_replay


def test_a_policy_that_was_used_with_other_numbers_is_refused(database: Database) -> None:
    observe(database, OLD, 1e-5)
    with pytest.raises(InventoryError, match="a policy never changes"):
        again(database, inventory_of(1, atol_rel=0.5))
