"""Checks of units: when one is due, sending it, and what its answer does to the unit's health."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from farm.coordinator.declared import device_type_row
from farm.database.models import Device, HealthCheck
from farm.database.records import clipped
from farm.inventory import HealthSection, Inventory
from farm.protocol import CheckedMessage, CheckMessage, new_token
from farm.states.health import Change, Health
from farm.units.care import change_health
from farm.units.leases import LEASE_MARGIN_S, lease_s
from farm.units.presence import attended_units, is_online
from farm.units.stacks import hear_stack, record_stack

#: Attempts that a unit may have to end before it has looked at itself: what it is at, and what its worker holds already.
BEFORE_CHECK = 2


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of the checks of one unit.

    ``wanted``: a person asked for one. ``passed`` is when it last passed one, ``jobs`` how many attempts it has ended since;
    ``unclear`` is when the last one turned out to be unclear, and ``open`` whether the answer to one is still to come.
    """

    wanted: bool = False
    passed: datetime | None = None
    jobs: int = 0
    unclear: datetime | None = None
    open: bool = False


def why_check(health: Health, record: Record, rules: HealthSection, now: datetime) -> str:
    """Why a check of a unit is due, in words; ``""`` where none is."""
    if record.open or health is Health.RETIRED:
        return ""
    if record.wanted:
        return "somebody asked for it"
    if health is Health.UNKNOWN:
        rested = record.unclear is None or now >= record.unclear + timedelta(seconds=rules.recheck_s)
        return "its health is unknown" if rested else ""
    if health is not Health.GOOD:
        return ""
    hours, jobs = rules.check_hours, rules.check_jobs
    if hours and (record.passed is None or now >= record.passed + timedelta(hours=hours)):
        return f"the last one was {hours:g} hours ago"
    if jobs and record.jobs >= jobs:
        return f"it has ended {record.jobs} attempts since the last one"
    return ""


def due_checks(session: Session, inventory: Inventory, now: datetime) -> list[tuple[Device, str]]:
    """Units that are there and are to be checked, each with the reason."""
    due = [
        (device, why_check(Health(device.health), _record(device), inventory.health, now))
        for device in attended_units(session, inventory)
        if is_online(device, now)
    ]
    return [(device, why) for device, why in due if why]


def begin_check(
    session: Session, inventory: Inventory, device: Device, now: datetime, margin_s: float = LEASE_MARGIN_S
) -> CheckMessage:
    """Enter a check of a unit; the message that asks for it.

    It has its turn after what the unit has begun, and where it shares its machine, after what others there have.
    """
    configured = inventory.device(device.device_type)
    slowest = max(each.limits.time_s for each in inventory.devices.values())
    lease = timedelta(seconds=lease_s(slowest, margin_s, waiting=BEFORE_CHECK))
    check = HealthCheck(
        id=uuid.uuid4().hex, device_id=device.id, token=new_token(), sent=now, lease_until=now + lease, failure=""
    )
    session.add(check)
    device.check_wanted, device.check_open = False, check.id
    session.flush()
    return CheckMessage(
        check=check.id,
        token=check.token,
        device_type=device.device_type,
        unit=device.unit,
        driver=configured.driver,
        profile=configured.profile,
    )


def take_back(session: Session, inventory: Inventory, messages: Iterable[CheckMessage], now: datetime) -> None:
    """Close checks whose messages were not sent, and have them made again at the next round: nobody would answer them."""
    for message in messages:
        check = session.get_one(HealthCheck, message.check)
        if check.finished is not None:  # the broker had taken it after all, and the unit was quick
            continue
        _close(check, "not sent", now)
        device = check.device
        if not why_check(Health(device.health), _record(device), inventory.health, now):
            device.check_wanted = True  # somebody had asked for it, and nothing else does


def hear_check(session: Session, inventory: Inventory, message: CheckedMessage, now: datetime) -> bool:
    """Enter the answer to a check; ``False`` where nobody asked, or it was answered or given up already."""
    check = session.get(HealthCheck, message.check)
    if check is None or check.finished is not None or check.token != message.token:
        return False
    device = check.device
    if (device.device_type, device.unit) != (message.device_type, message.unit):
        return False
    _close(check, message.failure, now)
    device.last_seen = now
    if message.stack:
        stack = record_stack(session, message.stack)
        hear_stack(session, device_type_row(session, inventory, device.device_type).id, device.id, stack, now)
    if not message.failure:
        device.jobs, device.checked = 0, now
        change_health(session, device, Change.CHECK_PASSED, "", now)
    else:
        change = Change.CHECK_UNCLEAR if message.outside else Change.CHECK_FAILED
        device.unclear = now
        change_health(session, device, change, message.failure, now)
    return True


def expire_checks(session: Session, now: datetime) -> int:
    """Give up checks that were not answered in time, or before their unit went away and came back; how many.

    A unit that comes back may be another process, that never had the check, or could not read it: it is checked anew at once.
    """
    # Not among all that were ever made.
    open_ = select(HealthCheck).join(Device, Device.check_open == HealthCheck.id).where(HealthCheck.finished.is_(None))
    given_up = or_(HealthCheck.lease_until < now, Device.online_since > HealthCheck.sent)
    expired = session.scalars(open_.where(given_up)).all()
    for check in expired:
        _close(check, "no answer", now)
        if check.lease_until < now:
            check.device.unclear = now
            change_health(session, check.device, Change.CHECK_UNCLEAR, "the check had no answer", now)
    return len(expired)


def _record(device: Device) -> Record:
    return Record(
        wanted=device.check_wanted,
        passed=device.checked,
        jobs=device.jobs,
        unclear=device.unclear,
        open=device.check_open is not None,
    )


def _close(check: HealthCheck, failure: str, now: datetime) -> None:
    check.finished, check.failure = now, clipped(failure, 4096)
    if check.device.check_open == check.id:
        check.device.check_open = None
