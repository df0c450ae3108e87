"""Devices: their types, their units, what runs on them, and how they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from farm.clock import utc_now
from farm.database.models.base import HASH, NAME, Base


class DeviceType(Base):
    """A device type in one configuration (driver and profile); the inventory says which one is present."""

    __tablename__ = "device_type"
    __table_args__ = (UniqueConstraint("name", "configuration"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME), index=True)
    configuration: Mapped[str] = mapped_column(String(16))
    driver: Mapped[str] = mapped_column(String(32))
    profile: Mapped[dict[str, Any]]
    limits: Mapped[dict[str, Any]]


class Device(Base):
    """One unit of a device type, known from its first heartbeat or report on; all times are of the coordinator's clock.

    ``heartbeat`` is when it last sent one and ``every_s`` how often it does so, ``None`` where it never did; ``online_since``
    is when it was first heard again after it had been away, ``machines`` those of which it was heard lately
    (:mod:`farm.units.machines`). ``attended``, ``accepting``, ``at_once``, ``begun`` (an
    attempt) and ``free_disk_bytes`` are what it said then, ``told`` is when it was last told what to do. ``health`` and
    ``probation`` are its :class:`farm.states.health.Condition`; ``checked`` is when it last passed a check, ``jobs`` how
    many attempts it has ended since. ``check_wanted`` is that somebody asks for one, ``check_open`` the one whose answer is
    still to come, and ``unclear`` when the last one turned out to be so.
    """

    __tablename__ = "device"
    __table_args__ = (UniqueConstraint("device_type", "unit"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    device_type: Mapped[str] = mapped_column(String(NAME))
    unit: Mapped[str] = mapped_column(String(512))
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    host: Mapped[str] = mapped_column(String(512), default="", server_default="")
    heartbeat: Mapped[datetime | None]
    every_s: Mapped[float | None]
    machines: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    online_since: Mapped[datetime | None]
    attended: Mapped[bool | None]
    accepting: Mapped[bool | None]
    at_once: Mapped[int | None]
    begun: Mapped[str | None] = mapped_column(String(NAME))
    free_disk_bytes: Mapped[int | None] = mapped_column(BigInteger)
    told: Mapped[datetime | None]
    health: Mapped[str] = mapped_column(String(16), default="unknown", server_default="unknown")
    health_reason: Mapped[str] = mapped_column(String(1024), default="never checked", server_default="never checked")
    health_since: Mapped[datetime | None]
    probation: Mapped[int] = mapped_column(default=0, server_default="0")
    check_wanted: Mapped[bool] = mapped_column(default=False, server_default=false())
    check_open: Mapped[str | None] = mapped_column(String(32))
    unclear: Mapped[datetime | None]
    checked: Mapped[datetime | None]
    jobs: Mapped[int] = mapped_column(default=0, server_default="0")
    history: Mapped[list[HealthEvent]] = relationship(order_by="HealthEvent.id")


class HealthEvent(Base):
    """A unit's health changed, or was looked at and stayed: by whom, why, and by which attempt; append-only."""

    __tablename__ = "health_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    at: Mapped[datetime]
    old: Mapped[str] = mapped_column(String(16))
    new: Mapped[str] = mapped_column(String(16))
    change: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(1024))
    actor: Mapped[str] = mapped_column(String(NAME))
    attempt_id: Mapped[str | None] = mapped_column(ForeignKey("attempt.id"))


class HealthCheck(Base):
    """A check of a unit: open until it is ``finished``, passed where there is no ``failure``."""

    __tablename__ = "health_check"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    token: Mapped[str] = mapped_column(String(64))
    sent: Mapped[datetime]
    lease_until: Mapped[datetime]
    finished: Mapped[datetime | None]
    failure: Mapped[str] = mapped_column(String(4096), default="")
    device: Mapped[Device] = relationship()


class Stack(Base):
    """The fingerprint of a unit: versions of all that can change a result; ``recorded`` is when it was first heard of."""

    __tablename__ = "stack"
    hash: Mapped[str] = mapped_column(String(HASH), primary_key=True)
    fingerprint: Mapped[dict[str, Any]]
    recorded: Mapped[datetime] = mapped_column(default=utc_now)


class UnitStack(Base):
    """The stack that a unit had when it was last heard of, driven as a device type's configuration says, and since when."""

    __tablename__ = "unit_stack"
    device_type_id: Mapped[int] = mapped_column(ForeignKey("device_type.id"), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), primary_key=True)
    stack: Mapped[str] = mapped_column(ForeignKey("stack.hash"))
    since: Mapped[datetime]
    seen: Mapped[datetime]
