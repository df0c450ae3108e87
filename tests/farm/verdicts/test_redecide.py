"""What became of verdicts is told where they are derived anew: of each what it was and what it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge, merge_all
from farm.database.engine import Database
from farm.database.models import Attempt, DeviceType, Job
from farm.database.models import Verdict as VerdictRow
from farm.inventory import Inventory
from farm.states.jobs import AttemptState
from farm.states.verdict import Verdict
from farm.units.stacks import UNKNOWN
from farm.verdicts.redecide import Judged, Redecided, redecide
from tests.farm.databases import INVENTORY
from tests.farm.rows import START, FakeWire, judge, report, submit
from tests.farm.statements import counted
from workers.outcome import Cause, Outcome
from workers.stack import stack_hash

LATER = START + timedelta(hours=1)
OLD, NEW = stack_hash({"runtime": "old"}), stack_hash({"runtime": "new"})


@pytest.fixture
def inventory() -> Inventory:
    """One device type, with three units."""
    return Inventory.model_validate({**INVENTORY, "devices": {"numpy": {**INVENTORY["devices"]["numpy"], "units": 3}}})


def again(database: Database) -> dict[str, Redecided]:
    """Derive all verdicts anew; what became of them, by stack."""
    with database.write(in_turn=True) as session:
        jobs = session.scalars(select(Job)).all()
        told = redecide(session, {Judged(job.bundle, job.device_type_id, job.policy): LATER for job in jobs})
    assert len({each.stack for each in told}) == len(told)
    return {each.stack: each for each in told}


def rows(database: Database) -> dict[str, str]:
    """Verdicts by stack."""
    with database.read() as session:
        return {row.stack: row.verdict for row in session.scalars(select(VerdictRow))}


def test_a_verdict_that_stays_is_told_as_such(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    (attempt,) = judge(database, inventory, stack="old")
    told = again(database)[OLD]
    assert (told.before, told.now, told.outcome, told.attempt) == (
        Verdict.SUPPORTED,
        Verdict.SUPPORTED,
        Outcome.PASS,
        attempt,
    )
    with database.read() as session:
        assert session.scalars(select(VerdictRow.decided)).one() == LATER


def test_a_verdict_that_changes_is_told_with_what_it_was(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    (attempt,) = judge(database, inventory, stack="old")
    with database.write() as session:
        found = session.get_one(Attempt, attempt)
        found.outcome = Outcome.UNSUPPORTED_OP
    told = again(database)[OLD]
    assert (told.before, told.now) == (Verdict.SUPPORTED, Verdict.UNSUPPORTED)
    assert rows(database) == {OLD: Verdict.UNSUPPORTED}


def test_the_first_verdict_was_none_before_and_one_whose_attempts_are_gone_is_none_now(
    database: Database, inventory: Inventory
) -> None:
    submit(database, inventory, ["net"])
    (attempt,) = judge(database, inventory, stack="old")
    with database.write() as session:
        session.get_one(Attempt, attempt).stack = None
    told = again(database)
    assert (told[OLD].before, told[OLD].now, told[OLD].attempt) == (Verdict.SUPPORTED, None, None)
    assert (told[UNKNOWN].before, told[UNKNOWN].now) == (None, Verdict.SUPPORTED)
    assert rows(database) == {UNKNOWN: Verdict.SUPPORTED}


def test_what_is_of_another_policy_is_left_alone(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory, stack="old")
    with database.write(in_turn=True) as session:
        job = session.scalars(select(Job)).one()
        assert redecide(session, {Judged(job.bundle, job.device_type_id, "another"): LATER}) == []
        assert redecide(session, {}) == []
    assert rows(database) == {OLD: Verdict.SUPPORTED}


def test_each_stack_has_a_verdict_and_each_bundle_its_own(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a", "b"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    first, second = wire.sent
    merge_all(
        database,
        [
            (report(first, Outcome.MISMATCH, Cause.DEVICE_STACK, stack="old"), None),
            (report(second, stack="new"), None),
        ],
        START,
    )
    dispatch(database, inventory, wire, LATER)  # the failure is to be confirmed
    merge(database, report(wire.sent[2], stack="new"), LATER)
    with database.read() as session:
        found = {(row.bundle, row.stack): row.verdict for row in session.scalars(select(VerdictRow))}
    assert found == {
        (first.bundle, OLD): Verdict.FAILED,
        (first.bundle, NEW): Verdict.SUPPORTED,
        (second.bundle, NEW): Verdict.SUPPORTED,
    }


def test_many_reports_take_as_many_statements_as_one(database: Database, inventory: Inventory) -> None:
    """Merging them, their verdicts included, whatever the number of bundles."""
    submit(database, inventory, [f"net{n}" for n in range(8)])
    wire = FakeWire()
    assert dispatch(database, inventory, wire, START) == 6
    first, second, *others = [(report(message), None) for message in wire.sent]
    merge_all(database, [first], START)  # the unit and the stack are known from here on
    with counted(database) as one:
        merge_all(database, [second], START)
    with counted(database) as many:
        merge_all(database, others, START)
    assert len(many) == len(one)
    with database.read() as session:
        assert set(session.scalars(select(Attempt.state))) == {AttemptState.REPORTED}
        assert session.scalars(select(DeviceType.name)).all() == ["numpy"]
