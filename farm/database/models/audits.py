"""What was converted to see what the selection missed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from farm.database.models.base import HASH, Base
from farm.database.models.repository import Architecture


class Audit(Base):
    """Everything (or a sample) converted at a commit, and held against what was selected since ``base``.

    Commits are full ids; they need not have been submitted. The counts are of :class:`farm.audit.judgement.Figures`.
    """

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    commit: Mapped[str] = mapped_column(String(HASH), index=True)
    base: Mapped[str] = mapped_column(String(HASH))
    at: Mapped[datetime]
    architectures: Mapped[int]
    seed: Mapped[int | None]
    judged: Mapped[int]
    changed: Mapped[int]
    selected: Mapped[int]
    hits: Mapped[int]
    seconds: Mapped[float]
    toolchain: Mapped[dict[str, Any]]
    rows: Mapped[list[Audited]] = relationship(order_by="Audited.architecture_id")


class Audited(Base):
    """One architecture of an audit: ``before`` and ``after`` are bundle identities, or outcomes of refusals."""

    __tablename__ = "audited"
    audit_id: Mapped[int] = mapped_column(ForeignKey("audit.id"), primary_key=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"), primary_key=True)
    closure: Mapped[str] = mapped_column(String(HASH), index=True)
    selected: Mapped[bool]
    before: Mapped[str] = mapped_column(String(HASH))
    after: Mapped[str] = mapped_column(String(HASH))
    note: Mapped[str] = mapped_column(String(1024), default="")
    architecture: Mapped[Architecture] = relationship()


class Incident(Base):
    """A selector miss: a bundle changed between two commits on an architecture whose closure hash did not.

    ``files`` make the difference; ``edge`` says how they are reached. While one is open, everything is selected.
    """

    __tablename__ = "incident"
    id: Mapped[int] = mapped_column(primary_key=True)
    audit_id: Mapped[int] = mapped_column(ForeignKey("audit.id"), index=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"), index=True)
    commit: Mapped[str] = mapped_column(String(HASH), index=True)
    base: Mapped[str] = mapped_column(String(HASH))
    closure: Mapped[str] = mapped_column(String(HASH))
    before: Mapped[str] = mapped_column(String(HASH))
    after: Mapped[str] = mapped_column(String(HASH))
    difference: Mapped[str] = mapped_column(String(4096))
    edge: Mapped[str] = mapped_column(String(4096))
    files: Mapped[list[Any]]
    opened: Mapped[datetime]
    fixed: Mapped[datetime | None] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(String(1024), default="")
    architecture: Mapped[Architecture] = relationship()
