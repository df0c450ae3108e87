"""What the database tells of an attempt for its capsule."""

from __future__ import annotations

import pytest

from farm.coordinator.dispatch import dispatch
from farm.database.engine import Database
from farm.database.models import Attempt
from farm.errors import NotFoundError, NothingRecordedError, UsageError
from farm.inventory import Inventory
from farm.repro.records import find_attempt, recorded_capsule
from tests.farm.rows import START, FakeWire, judge, submit
from workers.outcome import Cause, Outcome
from workers.policy import Policy


@pytest.fixture
def attempts(database: Database, inventory: Inventory) -> list[str]:
    submit(database, inventory, ["net"])
    return judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK)


def test_it_has_what_was_asked_and_what_came_of_it(
    database: Database, inventory: Inventory, attempts: list[str]
) -> None:
    with database.read() as session:
        recorded = recorded_capsule(session, attempts[0])
        row = session.get_one(Attempt, attempts[0])
        assert recorded.capsule.bundle == row.job.bundle
        device = row.job.device_type
    capsule = recorded.capsule
    assert (capsule.attempt, capsule.architecture, capsule.commit) == (attempts[0], "network:net", "c1")
    assert (capsule.device, capsule.driver, capsule.profile) == (device.name, device.driver, device.profile)
    assert (capsule.unit, capsule.observed) == ("unit-1", START.isoformat())
    assert isinstance(capsule.policy, Policy)
    assert capsule.policy == inventory.policy_of(device.name)
    assert (capsule.limits.time_s, capsule.limits.memory_bytes) == (
        inventory.device(device.name).limits.time_s,
        inventory.device(device.name).limits.memory_mib << 20,
    )
    assert capsule.measured_stack is None
    expected = capsule.expected
    assert (expected.verdict, expected.outcome, expected.cause) == ("FAILED", "MISMATCH", "device stack")
    assert expected.stack == {"runtime": "test 1"}
    assert [case.sample for case in expected.cases] == ["224x224", "128x192", "97x129"]
    assert expected.cases[0].tensors[0].sqnr_db == 110.0
    assert expected.cases[0].first_divergent_layer is not None
    assert (recorded.architecture, recorded.commit) == ("net", "c1")


def test_one_that_was_not_timed_is_not_timed_again(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    first = judge(database, inventory)
    with database.write() as session:
        later = session.get_one(Attempt, first[1])
        later.performance = first[0]
    with database.read() as session:
        stack = session.get_one(Attempt, first[0]).stack
        assert recorded_capsule(session, first[1]).capsule.measured_stack == stack is not None


def test_an_attempt_is_found_by_its_first_digits(database: Database, attempts: list[str]) -> None:
    one = attempts[0]
    with database.read() as session:
        assert find_attempt(session, one[:12]).id == one
        wrong = one[:11] + ("0" if one[11] != "0" else "1")
        with pytest.raises(NotFoundError, match=f"no attempt named '{wrong}'; did you mean {one[:12]}"):
            find_attempt(session, wrong)
        for bad in ("", "abc", "%%%%", one + "0"):
            with pytest.raises(NotFoundError):
                find_attempt(session, bad)
    with database.write() as session:
        asked = {"job_id": session.get_one(Attempt, one).job_id, "n": 99, "token": "t", "nonce": "n"}
        session.add(Attempt(id=one[:8] + "f" * 24, state="lost", dispatched=START, lease_until=START, **asked))
    with database.read() as session, pytest.raises(UsageError, match="more than one attempt begins with"):
        find_attempt(session, one[:8])


def test_of_an_attempt_that_has_not_reported_there_is_nothing(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    with database.read() as session, pytest.raises(NothingRecordedError, match="is dispatched: nothing came of it"):
        recorded_capsule(session, wire.sent[0].attempt)
