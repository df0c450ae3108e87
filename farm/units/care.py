"""Changing the health of a unit: the row, and the line of its history, in one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from farm.database.models import Device, HealthEvent
from farm.database.outbox import notify
from farm.database.records import clipped
from farm.states.health import Change, Condition, Health, after
from farm.states.notifications import Kind

#: Who changes a unit's health where no person does.
COORDINATOR = "coordinator"
#: What is tried again and again while it fails: once it stands in the history, that will do.
_REPEATED = (Change.CHECK_UNCLEAR, Change.CHECK_FAILED)
#: What gives a new reason for a state that stays.
_SAID_ANEW = (
    (Change.DRAINED, Health.MAINTENANCE),
    (Change.CHECK_UNCLEAR, Health.UNKNOWN),
    (Change.CHECK_FAILED, Health.BAD),
)


def change_health(
    session: Session,
    device: Device,
    change: Change,
    reason: str,
    now: datetime,
    *,
    actor: str = COORDINATOR,
    attempt: str | None = None,
) -> Health:
    """Let ``change`` happen to a unit, and enter it in its history, also where its health stays; returns what it is now.

    What keeps failing for the same reason is entered once.
    """
    old = Health(device.health)
    condition = after(Condition(old, device.probation), change)
    new, device.probation = condition.health, condition.probation
    reason = clipped(" ".join(reason.split()), 1024)
    if new is old and reason == device.health_reason and change in _REPEATED:
        return new
    if new is not old or (change, new) in _SAID_ANEW:  # else what it is so for stays the reason
        device.health_reason = reason
    if new is not old:
        device.health, device.health_since = new, now
        _tell(session, device, old, change, reason, now, actor, attempt)
    if change is not Change.CHECK_UNCLEAR:
        device.unclear = None  # whatever it is now, it is another matter than what kept the last check from being clear
    session.add(
        HealthEvent(
            device_id=device.id,
            at=now,
            old=old,
            new=new,
            change=change,
            reason=reason,
            actor=clipped(actor, 128),
            attempt_id=attempt,
        )
    )
    session.flush()
    return new


def _tell(
    session: Session,
    device: Device,
    old: Health,
    change: Change,
    reason: str,
    now: datetime,
    actor: str,
    attempt: str | None,
) -> None:
    detail = {
        "device": device.device_type,
        "unit": device.unit,
        "host": device.host,
        "old": old,
        "new": device.health,
        "change": change,
        "reason": reason,
        "actor": actor,
        "attempt": attempt,
    }
    notify(session, Kind.UNIT_HEALTH, f"{device.unit} of {device.device_type}", detail, now)
