"""Asking this machine's units before a submission: who is asked, and what follows from the answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from farm.coordinator.declared import device_type_row
from farm.database.engine import Database
from farm.database.models import Device
from farm.inventory import Inventory
from farm.submission import ask_stacks as module
from farm.submission.ask_stacks import ask_stacks
from farm.units.stacks import present_stacks
from tests.farm.databases import INVENTORY
from tests.farm.rows import START, judge, submit
from workers.processes.fingerprint import StackUnknown
from workers.stack import stack_hash

DAY = timedelta(days=1)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Drivers in the order in which they were asked; torch does not answer."""
    drivers: list[str] = []

    def answer(driver: str, profile: object) -> dict[str, str]:
        drivers.append(driver)
        if driver == "torch":
            raise StackUnknown("it hangs")
        return {"runtime": "test 2"}

    monkeypatch.setattr(module, "ask_fingerprint", answer)
    return drivers


def present(database: Database, inventory: Inventory, device: str) -> tuple[str, ...]:
    with database.write() as session:
        return present_stacks(session, device_type_row(session, inventory, device).id, 1)


def test_nobody_is_asked_before_anything_was_run(database: Database, inventory: Inventory, asked: list[str]) -> None:
    submit(database, inventory, ["net"])
    ask_stacks(database, inventory, "local", START, lambda _: None)
    assert asked == []


def test_a_unit_that_answers_has_what_it_says_and_one_that_does_not_what_it_had(
    database: Database, inventory: Inventory, asked: list[str]
) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory)
    said: list[str] = []
    ask_stacks(database, inventory, "local", START + DAY, said.append)
    assert sorted(asked) == ["numpy", "torch"]
    assert present(database, inventory, "numpy") == (stack_hash({"runtime": "test 2"}),)
    assert present(database, inventory, "torch") == (stack_hash({"runtime": "test 1"}),)
    assert said == ["farm: torch: the unit does not tell its stack: it hangs; what it reported last is taken"]
    with database.read() as session:
        units = session.scalars(select(Device).where(Device.unit == "local")).all()
        assert [(u.device_type, u.last_seen) for u in units] == [("numpy", START + DAY)]


def test_a_configuration_that_nobody_had_is_not_asked(
    database: Database, inventory: Inventory, asked: list[str]
) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory)
    devices = {"numpy": {**INVENTORY["devices"]["numpy"], "profile": {"mode": "exact"}}}
    changed = Inventory.model_validate({**INVENTORY, "devices": devices})
    ask_stacks(database, changed, "local", START + DAY, lambda _: None)
    assert asked == []
