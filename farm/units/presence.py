"""Which units are there: heartbeats on the coordinator's clock, and what each unit is told to do.

A unit is told again what it does not do yet, at most once between two of its heartbeats: a message of control that is lost, or
that a host reads late, so costs a heartbeat and no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database.among import among
from farm.database.models import Attempt, Device
from farm.database.records import clipped, record_unit
from farm.database.statements import Answer, Statement, ask
from farm.inventory import Inventory
from farm.protocol import ControlMessage, HeartbeatMessage
from farm.states.health import Health
from farm.states.jobs import AttemptState
from farm.states.wait_reason import Unit
from farm.units.leases import LEASE_MARGIN_S, lease_s
from farm.units.machines import doubled, with_heartbeat

_HEARD = Statement(
    select(Device.device_type, Device.heartbeat, Device.every_s, Device.health).where(
        among(Device.device_type, "types")
    )
)
#: Heartbeats that a unit may miss before it counts as gone.
MISSED = 3


def online(heartbeat: datetime | None, every_s: float | None, now: datetime) -> bool:
    """Whether a unit is there that was heard at ``heartbeat`` and says that it sends one every ``every_s`` seconds."""
    return heartbeat is not None and every_s is not None and now <= heartbeat + timedelta(seconds=MISSED * every_s)


def is_online(device: Device, now: datetime) -> bool:
    """:func:`online` of a row."""
    return online(device.heartbeat, device.every_s, now)


def is_at_work(device: Device, now: datetime) -> bool:
    """Whether a unit is there and takes attempts."""
    return is_online(device, now) and Health(device.health).works


def hear(session: Session, message: HeartbeatMessage, now: datetime, *, margin_s: float = LEASE_MARGIN_S) -> str:
    """Enter a heartbeat, by the coordinator's clock: that of a host may say anything. What is new of the unit, in words.

    An attempt that the unit has taken up and that still waits for its turn on a machine with others keeps its lease.
    """
    device = record_unit(session, message.device_type, message.unit, now)
    if not is_online(device, now):
        device.online_since = now
    device.heartbeat = now
    device.every_s = message.every_s
    device.host = clipped(message.host, 512)
    before = doubled(device.machines, now)
    device.machines = with_heartbeat(device.machines, device.host, now, MISSED * message.every_s)
    device.attended = message.attended
    device.accepting = message.accepting
    device.at_once = message.at_once
    device.begun = message.attempt
    device.free_disk_bytes = message.free_disk_bytes
    attempt = session.get(Attempt, message.attempt) if message.attempt else None
    if attempt is not None and attempt.state == AttemptState.DISPATCHED:
        device_type = attempt.job.device_type
        if device_type.name == message.device_type:
            lease = timedelta(seconds=lease_s(device_type.limits["time_s"], margin_s, waiting=0))
            attempt.lease_until = max(attempt.lease_until, now + lease)
    return "" if before else doubled(device.machines, now)


def orders(session: Session, inventory: Inventory, now: datetime) -> list[tuple[Device, ControlMessage]]:
    """What is to be said to units that are there and do not do what they should; the caller notes when they were told."""
    made = []
    for device in attended_units(session, inventory):
        wanted, at_once = Health(device.health).works, inventory.at_once(device.host)
        told_lately = device.told is not None and device.told > now - timedelta(seconds=device.every_s or 0)
        obeys = device.attended and device.accepting == wanted and device.at_once == at_once
        if obeys or told_lately or not is_online(device, now):
            continue
        reason = "" if wanted else note(device, now)
        made.append((device, ControlMessage(device.device_type, device.unit, wanted, clipped(reason, 512), at_once)))
    return made


def in_vain(session: Session, now: datetime) -> list[Attempt]:
    """Attempts that were sent to one unit, which has not taken them up and takes none any more: their lease may end.

    One that the unit says it has, and that waits for its turn on a machine with others, is finished as any that it has begun.
    """
    waiting = (
        select(Attempt, Device)
        .join(Device, Attempt.addressed_id == Device.id)
        .where(Attempt.state == AttemptState.DISPATCHED, Attempt.lease_until > now)
    )
    return [
        attempt
        for attempt, unit in session.execute(waiting)
        if not is_at_work(unit, now) and not (is_online(unit, now) and unit.begun == attempt.id)
    ]


def ask_workers(session: Session, types: Collection[str]) -> Answer:
    """Ask how the units of device types are, for :func:`workers`."""
    return ask(session, _HEARD, {"types": types})


def workers(asked: Answer, units: Mapping[str, int], now: datetime) -> dict[str, int]:
    """How many units of each type are there to take attempts, of those that the inventory knows.

    Where units were heard of and none ever sent a heartbeat, their hosts are of a version that sends none: all count.
    """
    heard: defaultdict[str, list[Any]] = defaultdict(list)
    for row in asked.rows:
        heard[row.device_type].append(row)
    return {name: _at_work(heard[name], known, now) for name, known in units.items()}


def _at_work(devices: Sequence[Any], units: int, now: datetime) -> int:
    if devices and all(device.heartbeat is None for device in devices):
        return units
    return min(units, sum(online(d.heartbeat, d.every_s, now) and Health(d.health).works for d in devices))


def units_of(devices: Sequence[Device], now: datetime) -> tuple[Unit, ...]:
    """The units of one type as :mod:`farm.states.wait_reason` asks for them.

    Where no unit of the type ever sent a heartbeat, those that were heard of are taken to be there.
    """
    attended = any(device.heartbeat is not None for device in devices)
    return tuple(
        Unit(
            name=device.unit,
            online=is_online(device, now) or not attended,
            healthy=Health(device.health) in (Health.GOOD, Health.MAINTENANCE) or not attended,
            draining=Health(device.health) is Health.MAINTENANCE,
            busy=device.begun is not None,
            note=note(device, now) if attended else "",
        )
        for device in devices
        if Health(device.health) is not Health.RETIRED
    )


def note(device: Device, now: datetime) -> str:
    """Why a unit takes no attempt, that it has its name with another, or what it has begun; else empty: it is idle."""
    if not is_online(device, now):
        return f"offline since {device.last_seen:%Y-%m-%d %H:%M}Z"
    if not Health(device.health).works:
        return f"{device.health}: {device.health_reason}" if device.health_reason else device.health
    return doubled(device.machines, now) or (f"at {device.begun}" if device.begun else "")


def attended_units(session: Session, inventory: Inventory) -> Sequence[Device]:
    """The units of the inventory's types that send heartbeats."""
    return session.scalars(
        select(Device).where(Device.device_type.in_(inventory.devices), Device.heartbeat.is_not(None))
    ).all()
