"""Changing the health of a unit: the row, and the line of its history, in one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from farm.coordinator.health import Change, Health, after
from farm.coordinator.records import clipped
from farm.database.models import Device, HealthEvent

#: Who changes a unit's health where no person does.
COORDINATOR = "coordinator"


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
    """Let ``change`` happen to a unit, and enter it in its history, also where its health stays; returns what it is now."""
    old = Health(device.health)
    new = after(old, change)
    reason = clipped(" ".join(reason.split()), 1024)
    if new is not old:
        device.health_since = now
    device.health, device.health_reason = new, reason
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
