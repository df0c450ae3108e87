"""Rows of what the inventory declares: made once, followed where it may change, refused where it may not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from farm.coordinator.declared import device_type_row, device_type_rows, record_policies
from farm.database.engine import Database
from farm.database.models import DeviceType, Policy
from farm.errors import InventoryError
from farm.inventory import Inventory
from tests.farm.statements import counted


def test_all_are_made_once_and_read_by_one_query(database: Database, inventory: Inventory) -> None:
    with database.write() as session:
        made = {name: row.id for name, row in device_type_rows(session, inventory, inventory.devices).items()}
        record_policies(session, map(inventory.policy_of, inventory.devices))
        policies = session.scalar(select(func.count()).select_from(Policy))
    assert list(made) == list(inventory.devices)
    with counted(database) as said, database.write() as session:
        before = len(said)
        again = device_type_rows(session, inventory, inventory.devices)
        record_policies(session, map(inventory.policy_of, inventory.devices))
        assert len(said) == before + 2, "\n".join(said)
        assert {name: row.id for name, row in again.items()} == made
        assert session.scalar(select(func.count()).select_from(Policy)) == policies


def test_another_configuration_is_another_row_and_other_limits_are_not(
    database: Database, inventory: Inventory
) -> None:
    name, device = next(iter(inventory.devices.items()))
    profile = device.model_copy(update={"profile": {"mode": "fast"}})
    limits = device.model_copy(update={"limits": device.limits.model_copy(update={"time_s": 7.0})})
    with database.write() as session:
        first = device_type_row(session, inventory, name)
        other = device_type_row(session, inventory.model_copy(update={"devices": {name: profile}}), name)
        same = device_type_row(session, inventory.model_copy(update={"devices": {name: limits}}), name)
        assert same.id == first.id != other.id
        assert session.get_one(DeviceType, first.id).limits["time_s"] == 7.0


def test_a_policy_with_other_numbers_under_its_old_version_is_refused(database: Database, inventory: Inventory) -> None:
    policy = inventory.policy_of(next(iter(inventory.devices)))
    with database.write() as session:
        record_policies(session, [policy, policy])
        with pytest.raises(
            InventoryError, match=f"policy '{policy.name}' version {policy.version} was used with other"
        ):
            record_policies(session, [replace(policy, rtol=policy.rtol * 2)])
