"""Asking this machine's units for their stacks before a submission, where no broker is: what changed since is seen at once.

With a broker the units are elsewhere, and their reports say what they have.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.coordinator.declared import device_type_row
from farm.database.engine import Database
from farm.database.models import DeviceType as DeviceTypeRow
from farm.database.models import UnitStack
from farm.database.records import record_unit
from farm.inventory import DeviceType, Inventory
from farm.units.stacks import hear_stack, record_stack
from workers.processes.fingerprint import StackUnknown, ask_fingerprint


def ask_stacks(database: Database, inventory: Inventory, unit: str, now: datetime, say: Callable[[str], None]) -> None:
    """Record what ``unit``, this machine, has as each device type that it was heard of as.

    Of one that was not, no verdict could count anyway. One that does not answer is as it was when it was last heard of.
    """
    with database.read() as session:
        heard = _heard(session, inventory)
    if not heard:
        return
    with ThreadPoolExecutor() as pool:
        asked = {name: pool.submit(ask_fingerprint, d.driver, d.profile) for name, d in heard.items()}
    with database.write(in_turn=True) as session:
        for name, answer in asked.items():
            try:
                stack = record_stack(session, answer.result())
            except StackUnknown as error:
                say(f"farm: {name}: the unit does not tell its stack: {error}; what it reported last is taken")
                continue
            device = record_unit(session, name, unit, now)
            hear_stack(session, device_type_row(session, inventory, name).id, device.id, stack, now)


def _heard(session: Session, inventory: Inventory) -> dict[str, DeviceType]:
    """The device types of which some unit was heard, as they are configured now."""
    query = select(DeviceTypeRow.name, DeviceTypeRow.configuration).join(
        UnitStack, UnitStack.device_type_id == DeviceTypeRow.id
    )
    known = {(name, configuration) for name, configuration in session.execute(query)}
    return {name: d for name, d in inventory.devices.items() if (name, d.configuration) in known}
