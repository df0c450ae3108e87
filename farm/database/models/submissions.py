"""What people asked for, and the conversions that it takes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from farm.database.models.base import HASH, Base
from farm.database.models.repository import Architecture


class Submission(Base):
    """What a person asked for; ``branch`` is the one whose newest commit this was then, if it was any's.

    ``finished`` is when nothing of it was left to do, as far as anybody has looked.
    ``devices`` are the device types that it wants verdicts on, where these are not all: such a *narrow* submission is a
    question (``farm bisect``) and no entry in the table. It says nothing anew of what was submitted at its commit before, and
    its conversions are not repeated.
    """

    __tablename__ = "submission"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    commit: Mapped[str] = mapped_column(ForeignKey("commit.key"), index=True)
    base: Mapped[str | None] = mapped_column(String(HASH))
    created: Mapped[datetime]
    reprove: Mapped[str] = mapped_column(String(16), default="", server_default="")
    branch: Mapped[str | None] = mapped_column(String(255))
    finished: Mapped[datetime | None] = mapped_column(index=True)
    devices: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))


class Conversion(Base):
    """One architecture of a commit that a submission wants converted; :mod:`farm.states.conversions` has its states."""

    __tablename__ = "conversion"
    __table_args__ = (UniqueConstraint("commit", "architecture_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    commit: Mapped[str] = mapped_column(ForeignKey("commit.key"), index=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"))
    priority: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), index=True)
    claimed: Mapped[datetime | None] = mapped_column(index=True)
    lease_until: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(32))
    cause: Mapped[str | None] = mapped_column(String(32))
    message: Mapped[str] = mapped_column(String(4096), default="")
    seconds: Mapped[float | None]
    architecture: Mapped[Architecture] = relationship()


class Repeat(Base):
    """A second conversion of the same code, in a process with another hash seed: ``queued → running → done | failed``.

    Done, it says whether the bundle was the same; failed, it says nothing.
    """

    __tablename__ = "repeat"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversion_id: Mapped[int] = mapped_column(ForeignKey("conversion.id"), index=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"), index=True)
    hash_seed: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), index=True)
    lease_until: Mapped[datetime | None]
    same: Mapped[bool | None]
    difference: Mapped[str] = mapped_column(String(4096), default="")
    seconds: Mapped[float | None]
    conversion: Mapped[Conversion] = relationship()
