"""Device types as people ask for them: the inventory joined to the units and jobs that the database knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.coordinator.states import JobState
from farm.database.models import Device, DeviceType, Job
from farm.inventory import Inventory
from farm.protocol import queue_of


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """One device type of the inventory. ``queued`` jobs wait in the database, ``running`` are on the wire or on a unit."""

    name: str
    driver: str
    queue: str
    policy: str
    units: tuple[Device, ...]
    queued: int
    running: int


def list_devices(session: Session, inventory: Inventory) -> list[ListedDevice]:
    """All device types of the inventory, in its order."""
    counts = Counter(
        {
            (name, state): n
            for name, state, n in session.execute(
                select(DeviceType.name, Job.state, func.count())
                .join(DeviceType, Job.device_type_id == DeviceType.id)
                .group_by(DeviceType.name, Job.state)
            )
        }
    )
    units = session.scalars(select(Device).order_by(Device.unit)).all()
    return [
        ListedDevice(
            name=name,
            driver=device.driver,
            queue=queue_of(name),
            policy=inventory.policy_of(name).key,
            units=tuple(u for u in units if u.device_type == name),
            queued=counts[name, JobState.QUEUED],
            running=counts[name, JobState.DISPATCHED] + counts[name, JobState.RUNNING],
        )
        for name, device in inventory.devices.items()
    ]
