"""What bears on the jobs that wait, gathered from the database: one :class:`Situation` for each device type."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.coordinator.roster import coordination
from farm.coordinator.under_way import ask_under_way, under_way
from farm.database.models import Device
from farm.inventory import Inventory
from farm.states.wait_reason import Situation, Unit
from farm.units.presence import units_of

#: Where there is no broker the command that submits has units of its own, as long as it runs.
HERE = (Unit("this machine", online=True),)


class Situations:
    """The situations of all device types at one moment.

    Args:
        session: to read from.
        inventory: names the device types.
        now: the moment, on the coordinator's clock.
        attended: units are hosts of their own, on a broker.
    """

    def __init__(self, session: Session, inventory: Inventory, now: datetime, *, attended: bool) -> None:
        self._inventory = inventory
        self._coordination = coordination(session, now)
        self._under_way = under_way(ask_under_way(session))
        self._units = _units(session, now) if attended else dict.fromkeys(inventory.devices, HERE)

    def of(self, device_type: str) -> Situation:
        """That of a device type, which the inventory may have lost."""
        configured, window = self._inventory.devices.get(device_type), self._inventory.queue.window
        return Situation(
            configured=configured is not None,
            coordinated=self._coordination.running,
            broker=self._coordination.broker,
            units=self._units.get(device_type, ()),
            full=configured is not None and self._under_way.get(device_type, 0) >= window * configured.units,
        )


def _units(session: Session, now: datetime) -> dict[str, tuple[Unit, ...]]:
    """Units by device type, as far as they were ever heard of."""
    devices: dict[str, list[Device]] = {}
    for device in session.scalars(select(Device).order_by(Device.unit)):
        devices.setdefault(device.device_type, []).append(device)
    return {device_type: units_of(found, now) for device_type, found in devices.items()}
