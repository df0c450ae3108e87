"""Which stacks are present: those of as many units as the inventory says, heard of last."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.coordinator.declared import device_type_row
from farm.database.engine import Database
from farm.database.models import Stack, UnitStack
from farm.database.records import record_unit
from farm.inventory import Inventory
from farm.units.stacks import UNKNOWN, hear_stack, hear_stacks, present_stacks, record_stack
from tests.farm.rows import START
from workers.stack import stack_hash

HOUR = timedelta(hours=1)


class Heard:
    """Units that say what they have, an hour after each other."""

    def __init__(self, session: Session, inventory: Inventory) -> None:
        self._session, self._type = session, device_type_row(session, inventory, "numpy").id
        self._now = START

    def __call__(self, unit: str, version: str) -> None:
        self._now += HOUR
        device = record_unit(self._session, "numpy", unit, self._now)
        stack = record_stack(self._session, {"driver": version})
        hear_stack(self._session, self._type, device.id, stack, self._now)

    def present(self, units: int) -> list[str]:
        found = present_stacks(self._session, self._type, units)
        return [self._session.get_one(Stack, digest).fingerprint["driver"] for digest in found]


@pytest.fixture
def heard(database: Database, inventory: Inventory):
    with database.write() as session:
        yield Heard(session, inventory)


def test_of_a_device_that_nobody_heard_of_no_stack_is_known(heard: Heard) -> None:
    assert heard.present(5) == []


def test_one_unit_has_the_stack_that_it_reported_last(heard: Heard) -> None:
    heard("a", "1")
    heard("a", "2")
    assert heard.present(1) == ["2"]
    heard("a", "1")
    assert heard.present(1) == ["1"]


def test_a_unit_that_comes_back_under_another_name_takes_the_place_of_the_one_before(heard: Heard) -> None:
    heard("container-1", "1")
    heard("container-2", "2")
    assert heard.present(1) == ["2"]


def test_while_a_new_stack_is_rolled_out_both_are_present_the_new_one_first(heard: Heard) -> None:
    heard("a", "1")
    heard("b", "1")
    assert heard.present(2) == ["1"]
    heard("b", "2")
    assert heard.present(2) == ["2", "1"]
    heard("a", "1")
    assert heard.present(2) == ["2", "1"]  # heard of last, but rolled out before
    heard("a", "2")
    assert heard.present(2) == ["2"]
    heard("b", "1")
    assert heard.present(2) == ["1", "2"]  # rolled back: that is the newest now


def test_configurations_of_a_device_have_stacks_of_their_own(database: Database, inventory: Inventory) -> None:
    with database.write() as session:
        Heard(session, inventory)("a", "1")
        other = inventory.model_dump(mode="json")
        other["devices"]["numpy"]["profile"] = {"mode": "exact"}
        assert Heard(session, Inventory.model_validate(other)).present(1) == []


def test_a_stack_is_named_by_what_it_says_in_any_order(database: Database) -> None:
    assert stack_hash({"a": "1", "b": "2"}) == stack_hash({"b": "2", "a": "1"}) != stack_hash({"a": "1"})
    with database.write() as session:
        assert record_stack(session, {"a": "1"}) == record_stack(session, {"a": "1"}) == stack_hash({"a": "1"})
        assert record_stack(session, {}) == UNKNOWN


def test_of_many_units_that_are_heard_at_once_the_new_ones_are_entered_and_the_others_kept_up(
    database: Database, inventory: Inventory
) -> None:
    with database.write() as session:
        device_type = device_type_row(session, inventory, "numpy").id
        one, other = (record_stack(session, {"driver": version}) for version in "12")
        units = [record_unit(session, "numpy", name, START).id for name in "abc"]
        hear_stacks(session, {(device_type, units[1]): (one, START)})
        later = START + HOUR
        hear_stacks(session, {(device_type, unit): (other, later) for unit in units})
        hear_stacks(session, {(device_type, unit): (other, later + HOUR) for unit in units})
        hear_stacks(session, {})
        rows = session.scalars(select(UnitStack).order_by(UnitStack.device_id)).all()
    assert [(row.device_id, row.stack, row.since, row.seen) for row in rows] == [
        (unit, other, later, later + HOUR) for unit in units
    ]
