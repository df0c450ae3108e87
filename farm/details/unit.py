"""The record of one unit: how it was, what it ran on, what it did, and how its checks went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from farm.database import models as db
from farm.details.days import Day, read_days
from farm.errors import NotFoundError
from farm.inventory import Inventory
from farm.reading.device_list import ListedUnit, listed_unit
from workers.outcome import Outcome

#: Attempts and checks that are shown, the newest first.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class UnitAttempt:
    """An attempt that the unit had, or has."""

    id: str
    architecture: str
    kind: str
    state: str
    outcome: Outcome | None
    cause: str | None
    dispatched: datetime
    finished: datetime | None
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the unit; it failed where there is a ``failure``."""

    sent: datetime
    finished: datetime | None
    failure: str


@dataclass(frozen=True, slots=True)
class UnitStack:
    """What the unit runs on, driven as a configuration says; ``present`` where that is the inventory's."""

    fingerprint: Mapping[str, str]
    since: datetime
    seen: datetime
    present: bool


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """All of one unit."""

    device: str
    unit: ListedUnit
    first_seen: datetime
    probation: int
    stacks: tuple[UnitStack, ...]
    days: tuple[Day, ...]
    attempts: tuple[UnitAttempt, ...]
    checks: tuple[Check, ...]


def read_unit(session: Session, inventory: Inventory, device: str, unit: str, now: datetime) -> UnitRecord:
    """The record of a unit; raises :class:`NotFoundError`, for a device type that is unknown too."""
    row = session.scalar(select(db.Device).where(db.Device.device_type == device, db.Device.unit == unit))
    if row is None:
        known = session.execute(select(db.Device.device_type, db.Device.unit)).all()
        types = {*inventory.devices, *(name for name, _ in known)}
        if device not in types:
            raise NotFoundError("device type", device, sorted(types))
        raise NotFoundError(f"unit of {device}", unit, [name for of_type, name in known if of_type == device])
    return UnitRecord(
        device=device,
        unit=listed_unit(row, now),
        first_seen=row.first_seen,
        probation=row.probation,
        stacks=_stacks(session, inventory, row),
        days=read_days(session, [row.id], now),
        attempts=_attempts(session, row),
        checks=_checks(session, row),
    )


def _stacks(session: Session, inventory: Inventory, device: db.Device) -> tuple[UnitStack, ...]:
    query = (
        select(db.UnitStack, db.DeviceType.configuration, db.Stack.fingerprint)
        .join(db.DeviceType, db.UnitStack.device_type_id == db.DeviceType.id)
        .join(db.Stack, db.UnitStack.stack == db.Stack.hash)
        .where(db.UnitStack.device_id == device.id)
    )
    configured = inventory.devices.get(device.device_type)
    stacks = [
        UnitStack(
            fingerprint, row.since, row.seen, configured is not None and configuration == configured.configuration
        )
        for row, configuration, fingerprint in session.execute(query)
    ]
    return tuple(sorted(stacks, key=lambda stack: (stack.present, stack.seen), reverse=True))


def _attempts(session: Session, device: db.Device) -> tuple[UnitAttempt, ...]:
    query = (
        select(db.Attempt)
        .where(db.Attempt.device_id == device.id, db.Attempt.rejudged.is_(None))
        .order_by(db.Attempt.dispatched.desc(), db.Attempt.id)
        .limit(SHOWN)
        .options(joinedload(db.Attempt.job).joinedload(db.Job.architecture))
    )
    return tuple(
        UnitAttempt(
            a.id,
            a.job.architecture.name,
            a.job.architecture.kind,
            a.state,
            Outcome(a.outcome) if a.outcome else None,
            a.cause,
            a.dispatched,
            a.finished,
            a.duration_s,
        )
        for a in session.scalars(query)
    )


def _checks(session: Session, device: db.Device) -> tuple[Check, ...]:
    query = select(db.HealthCheck).where(db.HealthCheck.device_id == device.id)
    newest = query.order_by(db.HealthCheck.sent.desc(), db.HealthCheck.id).limit(SHOWN)
    return tuple(Check(row.sent, row.finished, row.failure) for row in session.scalars(newest))
