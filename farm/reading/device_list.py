"""Device types as people ask for them: the inventory joined to the units and jobs that the database knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from farm.coordinator.situations import Situations
from farm.database.models import Device, DeviceType, HealthEvent, Job
from farm.errors import NotFoundError, UsageError
from farm.inventory import Inventory
from farm.protocol import queue_of
from farm.states.jobs import JobState
from farm.states.wait_reason import WaitReason, wait_reason
from farm.units.machines import doubled
from farm.units.presence import is_online, note


class Presence(StrEnum):
    """Whether a unit is there."""

    ONLINE = "online"
    OFFLINE = "offline"
    #: It sends no heartbeats: this machine's own, or one at a host of a version that sends none.
    UNATTENDED = "unattended"


@dataclass(frozen=True, slots=True)
class ListedUnit:
    """One unit; ``since`` is when it came or was last heard, ``note`` why it takes no attempt or what it is at.

    ``doubled`` says that several machines report as it, and which.
    """

    unit: str
    host: str
    presence: Presence
    since: datetime
    last_seen: datetime
    health: str
    health_reason: str
    health_since: datetime | None
    attempt: str | None
    free_disk_bytes: int | None
    note: str
    doubled: str
    history: tuple[HealthEvent, ...]


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """One device type of the inventory. ``queued`` jobs wait in the database, ``running`` are on the wire or on a unit.

    ``waits`` is why those that are queued are; ``None`` where none are.
    """

    name: str
    driver: str
    queue: str
    policy: str
    units: tuple[ListedUnit, ...]
    queued: int
    running: int
    waits: WaitReason | None


def list_devices(
    session: Session, inventory: Inventory, now: datetime, *, attended: bool = False
) -> list[ListedDevice]:
    """All device types of the inventory, in its order, as they are at ``now``; hosts are ``attended`` where a broker is."""
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
    devices = session.scalars(select(Device).order_by(Device.unit).options(selectinload(Device.history))).all()
    of_type = {name: [device for device in devices if device.device_type == name] for name in inventory.devices}
    situations = Situations(session, inventory, now, attended=attended)
    return [
        ListedDevice(
            name=name,
            driver=device.driver,
            queue=queue_of(name),
            policy=inventory.policy_of(name).key,
            units=tuple(listed_unit(unit, now) for unit in of_type[name]),
            queued=counts[name, JobState.QUEUED],
            running=counts[name, JobState.DISPATCHED] + counts[name, JobState.RUNNING],
            waits=wait_reason(situations.of(name)) if counts[name, JobState.QUEUED] else None,
        )
        for name, device in inventory.devices.items()
    ]


def find_unit(session: Session, unit: str, device_type: str | None) -> Device:
    """The unit of that name; it may be one of several device types, which must then be named.

    Raises:
        NotFoundError: there is none; suggests near names.
        UsageError: several device types have one, or it sends no heartbeats and so cannot be told anything.
    """
    known = session.scalars(select(Device).order_by(Device.device_type)).all()
    of_type = [device for device in known if device_type in (None, device.device_type)]
    found = [device for device in of_type if device.unit == unit]
    if device_type is not None and not of_type:
        raise NotFoundError("device type with units", device_type, [device.device_type for device in known])
    if not found:
        raise NotFoundError("unit", unit, [device.unit for device in of_type])
    if len(found) > 1:
        types = ", ".join(device.device_type for device in found)
        raise UsageError(f"unit {unit!r} is one of several device types: name one of {types} by --device")
    if found[0].heartbeat is None:
        raise UsageError(f"unit {unit!r} of {found[0].device_type} sends no heartbeats: nobody can tell it anything")
    return found[0]


def listed_unit(device: Device, now: datetime) -> ListedUnit:
    """One unit as it is at ``now``."""
    if device.heartbeat is None:
        presence, since = Presence.UNATTENDED, device.first_seen
    elif is_online(device, now):
        presence, since = Presence.ONLINE, device.online_since or device.first_seen
    else:
        presence, since = Presence.OFFLINE, device.heartbeat
    return ListedUnit(
        unit=device.unit,
        host=device.host,
        presence=presence,
        since=since,
        last_seen=device.last_seen,
        health=device.health,
        health_reason=device.health_reason,
        health_since=device.health_since,
        attempt=device.begun if presence is Presence.ONLINE else None,
        free_disk_bytes=device.free_disk_bytes,
        note=note(device, now) if device.heartbeat else "",
        doubled=doubled(device.machines, now),
        history=tuple(device.history),
    )
