"""What broke, since when and why; and which of it is known."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from farm.database.models.base import HASH, NAME, Base
from farm.database.models.repository import Architecture
from farm.database.models.units import DeviceType


class Lineage(Base):
    """A commit of the repository and its parents, submitted or not: what git says, where the coordinator has no git."""

    __tablename__ = "lineage"
    sha: Mapped[str] = mapped_column(String(HASH), primary_key=True)
    parents: Mapped[list[Any]]


class Regression(Base):
    """A cell of the table that turned from passing to failing; :mod:`farm.regressions.lines` says what that is.

    It is of an architecture on a device type under a policy. It passed at the commit ``last_good`` and fails since
    ``first_bad``; bundle, stack and attempt of each end are beside them, null where the code does not convert. ``definition``
    is the one that changed first, with its ``place``; null until somebody who has the repository has looked. ``open_on`` names
    branches, or commits of none. It is closed once it is open nowhere: ``fixed`` is the first commit that passes, null where
    its branch has left the commits that fail. ``withdrawn`` is since when what failed is not held against the product.
    ``evidence`` is of :mod:`farm.regressions.evidence`, ``asked`` is when jobs were queued for it.
    """

    __tablename__ = "regression"
    __table_args__ = (Index("ix_regression_cell", "architecture_id", "device_type_id", "policy"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"))
    device_type_id: Mapped[int] = mapped_column(ForeignKey("device_type.id"))
    policy: Mapped[str] = mapped_column(ForeignKey("policy.key"))
    last_good: Mapped[str] = mapped_column(ForeignKey("commit.key"))
    good_bundle: Mapped[str | None] = mapped_column(ForeignKey("bundle.identity"))
    good_stack: Mapped[str | None] = mapped_column(ForeignKey("stack.hash"))
    good_attempt: Mapped[str | None] = mapped_column(ForeignKey("attempt.id"))
    first_bad: Mapped[str] = mapped_column(ForeignKey("commit.key"))
    bad_bundle: Mapped[str | None] = mapped_column(ForeignKey("bundle.identity"))
    bad_stack: Mapped[str | None] = mapped_column(ForeignKey("stack.hash"))
    bad_attempt: Mapped[str | None] = mapped_column(ForeignKey("attempt.id"))
    outcome: Mapped[str] = mapped_column(String(32))
    signature: Mapped[str] = mapped_column(String(16), index=True)
    signature_text: Mapped[str] = mapped_column(String(1024))
    definition: Mapped[str | None] = mapped_column(String(512))
    place: Mapped[str] = mapped_column(String(1024), default="", server_default="")
    cause: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(1024))
    evidence: Mapped[dict[str, Any]]
    asked: Mapped[datetime | None]
    open_on: Mapped[list[Any]]
    opened: Mapped[datetime]
    closed: Mapped[datetime | None] = mapped_column(index=True)
    fixed: Mapped[str | None] = mapped_column(ForeignKey("commit.key"))
    withdrawn: Mapped[datetime | None]
    architecture: Mapped[Architecture] = relationship()
    device_type: Mapped[DeviceType] = relationship()


class KnownIssue(Base):
    """A signature that ``owner`` answers for; from ``until`` on it excuses nothing."""

    __tablename__ = "known_issue"
    signature: Mapped[str] = mapped_column(String(16), primary_key=True)
    text: Mapped[str] = mapped_column(String(1024))
    owner: Mapped[str] = mapped_column(String(NAME))
    until: Mapped[datetime]
    note: Mapped[str] = mapped_column(String(1024))
    created: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(NAME))
