from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from farm.coordinator.dispatch import dispatch
from farm.coordinator.keeper import attend
from farm.coordinator.merge import merge
from farm.coordinator.sweep import sweep
from farm.database.engine import Database
from farm.database.models import Attempt, Device, HealthEvent, Job
from farm.database.models import Verdict as VerdictRow
from farm.inventory import Inventory
from farm.protocol import AttemptMessage, StartedMessage
from farm.states.jobs import AttemptState, JobState
from farm.states.verdict import Verdict
from farm.units.leases import LEASE_MARGIN_S, lease_s
from farm.units.siblings import Candidate, choose
from tests.farm.rows import START, FakeWire, job_states, report, submit
from tests.farm.units.test_presence import heard, heartbeat
from workers.outcome import Cause, Outcome

SECOND = timedelta(seconds=1)
STACKS = st.sampled_from(["s1", "s2", None])
CANDIDATES = st.lists(st.builds(Candidate, st.integers(1, 6), STACKS, st.integers(0, 3)), unique_by=lambda c: c.id)


@given(CANDIDATES, st.sets(st.integers(1, 6)), STACKS)
def test_the_chosen_unit_is_another_of_the_same_stack_with_least_to_do(
    candidates: list[Candidate], tried: set[int], stack: str | None
) -> None:
    fit = [c for c in candidates if c.id not in tried and (stack is None or c.stack == stack)]
    chosen = choose(candidates, tried, stack)
    assert (chosen is None) == (not fit)
    if chosen is not None:
        (unit,) = [c for c in fit if c.id == chosen]
        assert unit.load == min(c.load for c in fit)


@pytest.fixture
def wire() -> FakeWire:
    return FakeWire()


@pytest.fixture
def units(database: Database, inventory: Inventory) -> None:
    """Two units of torch, whose stacks are known from earlier work."""
    for unit in ("a", "b"):
        heard(database, heartbeat(unit, "torch"))
    submit(database, inventory, ["known-a", "known-b"], "c0")
    earlier = FakeWire()
    dispatch(database, inventory, earlier, START, attended=True)
    for unit, message in zip("ab", earlier.sent, strict=True):
        merge(database, report(message, unit=unit), START)


def sent(database: Database, inventory: Inventory, wire: FakeWire) -> tuple[AttemptMessage, str | None]:
    """The only message that a round of dispatch sends, and to whom."""
    assert dispatch(database, inventory, wire, START, attended=True) == 1
    return wire.sent[-1], wire.units[-1]


def failed(database: Database, message: AttemptMessage, unit: str, outcome: Outcome = Outcome.MISMATCH) -> None:
    cause = Cause.INFRA if outcome is Outcome.INFRA_ERROR else Cause.DEVICE_STACK
    merge(database, report(message, outcome, cause, unit=unit), START)


def verdicts(database: Database, message: AttemptMessage) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(VerdictRow.verdict).where(VerdictRow.bundle == message.bundle)))


def history(database: Database, unit: str) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(HealthEvent.change).join(Device).where(Device.unit == unit)))


@pytest.mark.usefixtures("units")
def test_a_failure_is_confirmed_by_another_unit(database: Database, inventory: Inventory, wire: FakeWire) -> None:
    submit(database, inventory, ["net"])
    first, to = sent(database, inventory, wire)
    assert to is None
    failed(database, first, "a")
    second, to = sent(database, inventory, wire)
    assert to == "b"
    failed(database, second, "b")
    assert job_states(database)["net", "torch"] == JobState.DONE
    assert verdicts(database, first) == {Verdict.FAILED}
    assert history(database, "a") == history(database, "b") == ["check passed"]


@pytest.mark.usefixtures("units")
def test_a_unit_that_stands_alone_with_its_failure_is_suspected(
    database: Database, inventory: Inventory, wire: FakeWire
) -> None:
    submit(database, inventory, ["net"])
    first, _ = sent(database, inventory, wire)
    failed(database, first, "a")
    second, _ = sent(database, inventory, wire)
    merge(database, report(second, unit="b"), START)
    assert verdicts(database, first) == {Verdict.SUPPORTED}
    with database.read() as session:
        assert session.get_one(Attempt, first.attempt).cause == Cause.DEVICE_UNIT
        unit = session.scalars(select(Device).where(Device.unit == "a")).one()
        assert (unit.health, unit.health_reason) == ("unknown", "MISMATCH on network:net, which b passes")
        assert unit.history[-1].attempt_id == first.attempt
    assert history(database, "a") == ["check passed", "suspected"]
    assert history(database, "b") == ["check passed"]


@pytest.mark.usefixtures("units")
def test_a_unit_that_disagrees_with_itself_says_that_the_bundle_is_flaky(
    database: Database, inventory: Inventory, wire: FakeWire
) -> None:
    with database.write() as session:
        session.execute(update(Device).where(Device.unit == "b").values(health="maintenance"))
    submit(database, inventory, ["net"])
    first, _ = sent(database, inventory, wire)
    failed(database, first, "a")
    second, to = sent(database, inventory, wire)
    assert to is None  # there is no other to ask
    merge(database, report(second, unit="a"), START)
    assert verdicts(database, first) == {Verdict.FLAKY}
    assert "suspected" not in history(database, "a")


@pytest.mark.usefixtures("units")
def test_another_stack_confirms_nothing(database: Database, inventory: Inventory, wire: FakeWire) -> None:
    submit(database, inventory, ["net"])
    first, _ = sent(database, inventory, wire)
    merge(database, report(first, Outcome.MISMATCH, Cause.DEVICE_STACK, unit="a", stack="test 2"), START)
    assert sent(database, inventory, wire)[1] is None


@pytest.mark.usefixtures("units")
def test_after_an_error_of_the_infrastructure_another_unit_tries(
    database: Database, inventory: Inventory, wire: FakeWire
) -> None:
    submit(database, inventory, ["net"])
    first, _ = sent(database, inventory, wire)
    failed(database, first, "b", Outcome.INFRA_ERROR)
    assert history(database, "b") == ["check passed", "troubled"]
    assert sent(database, inventory, wire)[1] == "a"


@pytest.mark.usefixtures("units")
def test_what_was_sent_to_a_unit_that_takes_none_any_more_goes_to_another(
    database: Database, inventory: Inventory, wire: FakeWire
) -> None:
    submit(database, inventory, ["net"])
    first, _ = sent(database, inventory, wire)
    failed(database, first, "a")
    second, to = sent(database, inventory, wire)
    assert to == "b"
    with database.write() as session:
        session.execute(update(Device).where(Device.unit == "b").values(health="maintenance"))
    attend(database, inventory, START, LEASE_MARGIN_S)
    assert sweep(database, START + SECOND) == 1
    with database.read() as session:
        assert session.get_one(Attempt, second.attempt).state == AttemptState.UNCLAIMED
    assert sent(database, inventory, wire)[1] is None


@pytest.mark.usefixtures("units")
@pytest.mark.parametrize("away", [False, True])
def test_what_a_unit_has_taken_up_and_waits_for_its_turn_is_sent_to_no_other(
    database: Database, inventory: Inventory, wire: FakeWire, away: bool
) -> None:
    """A unit that is drained meanwhile finishes it; one that has gone does not."""
    submit(database, inventory, ["net"])
    failed(database, sent(database, inventory, wire)[0], "a")
    second, _ = sent(database, inventory, wire)
    heard(database, heartbeat("b", "torch", attempt=second.attempt))
    with database.write() as session:
        session.execute(update(Device).where(Device.unit == "b").values(health="maintenance"))
    now = START + timedelta(minutes=1 if away else 0)
    attend(database, inventory, now, LEASE_MARGIN_S)
    assert sweep(database, now + SECOND) == (1 if away else 0)


@pytest.mark.usefixtures("units")
def test_the_lease_of_what_one_unit_has_to_do_alone_lasts_for_all_that_is_before_it(
    database: Database, inventory: Inventory, wire: FakeWire
) -> None:
    """A unit that fails all it takes leaves everything to the other to confirm."""
    submit(database, inventory, [f"net{n}" for n in range(4)])
    assert dispatch(database, inventory, wire, START, attended=True) == 4
    for message in list(wire.sent):
        failed(database, message, "a")
    assert dispatch(database, inventory, wire, START, attended=True) == 4
    assert wire.units[4:] == ["b"] * 4
    turn = lease_s(wire.sent[0].limits.time_s, waiting=0)
    with database.read() as session:
        attempts = [session.get_one(Attempt, message.attempt) for message in wire.sent[4:]]
        turns = [round((each.lease_until - each.dispatched).total_seconds() / turn, 3) for each in attempts]
    assert turns == [2, 2, 3, 4]


@pytest.mark.usefixtures("units")
def test_an_attempt_that_is_lost_on_a_unit_calls_for_a_check(
    database: Database, inventory: Inventory, wire: FakeWire
) -> None:
    submit(database, inventory, ["net"])
    message, _ = sent(database, inventory, wire)
    merge(database, StartedMessage(message.attempt, message.token, "a"), START)
    sweep(database, START + timedelta(days=1))
    assert history(database, "a") == ["check passed", "troubled"]


@pytest.mark.usefixtures("units")
@pytest.mark.parametrize(("away", "expected"), [(False, "b"), (True, None)])
def test_a_job_for_one_unit_is_sent_to_it_as_long_as_it_is_there(
    database: Database, inventory: Inventory, wire: FakeWire, away: bool, expected: str | None
) -> None:
    submit(database, inventory, ["net"], "c1")
    with database.write() as session:
        unit = session.scalars(select(Device).where(Device.unit == "b")).one()
        unit.heartbeat = START - timedelta(hours=1) if away else unit.heartbeat
        for job in session.scalars(select(Job).where(Job.state == JobState.QUEUED)):
            job.addressed_id = unit.id
    dispatch(database, inventory, wire, START, attended=True)
    torch = [unit for message, unit in zip(wire.sent, wire.units, strict=True) if message.device_type == "torch"]
    assert torch == [expected]
