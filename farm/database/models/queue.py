"""The queue: jobs, their attempts, and who runs it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from farm.database.models.base import NAME, Base
from farm.database.models.repository import Architecture
from farm.database.models.submissions import Submission
from farm.database.models.units import Device, DeviceType

if TYPE_CHECKING:
    from farm.database.models.results import CaseResult


class Policy(Base):
    """Tolerances; immutable, so a row is never updated."""

    __tablename__ = "policy"
    key: Mapped[str] = mapped_column(String(NAME), primary_key=True)
    body: Mapped[dict[str, Any]]


class Probe(Base):
    """A search for the condition under which a verdict is PARTIAL: more samples of the same graph and weights.

    States are those of a conversion (:mod:`farm.states.conversions`). Done, ``made`` is the bundle that has the samples of
    ``bundle`` and further ones, all of them described in ``sizes`` (:class:`farm.conditions.sizes.Size`), and a job on it was
    queued; or there was nothing to try, and ``message`` says why. ``stack`` is that of the verdict; ``round`` counts from 1.
    """

    __tablename__ = "probe"
    id: Mapped[int] = mapped_column(primary_key=True)
    bundle: Mapped[str] = mapped_column(ForeignKey("bundle.identity"), index=True)
    device_type_id: Mapped[int] = mapped_column(ForeignKey("device_type.id"))
    policy: Mapped[str] = mapped_column(ForeignKey("policy.key"))
    stack: Mapped[str] = mapped_column(ForeignKey("stack.hash"))
    round: Mapped[int]
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    commit: Mapped[str] = mapped_column(ForeignKey("commit.key"))
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"))
    state: Mapped[str] = mapped_column(String(16), index=True)
    lease_until: Mapped[datetime | None]
    created: Mapped[datetime]
    made: Mapped[str | None] = mapped_column(ForeignKey("bundle.identity"))
    sizes: Mapped[list[Any]] = mapped_column(default=list)
    message: Mapped[str] = mapped_column(String(4096), default="", server_default="")
    seconds: Mapped[float | None]
    architecture: Mapped[Architecture] = relationship()


_OPEN = text("state IN ('queued', 'dispatched', 'running')")


class Job(Base):
    """One (bundle, device type, policy) to be judged. States move in :mod:`farm.states.jobs` only.

    ``since`` is when it came into its state, ``reason`` why, where that is more than the usual course: what was lost, who
    cancelled it. ``measure`` asks for latencies even where those of the same graph are known. ``addressed_id`` is the unit
    that is to run it if it is there. That of a probe (``probe_id``) judges no bundle: what it observes tells the condition of
    a verdict.
    """

    __tablename__ = "job"
    __table_args__ = (
        # The orders in which waiting jobs are begun.
        Index("ix_job_urgent", "device_type_id", "state", "priority", "id"),
        Index("ix_job_oldest", "device_type_id", "state", "submission_id", "priority", "id"),
        # Two submissions at once cannot ask a device for the same thing twice.
        Index(
            "uq_job_open",
            "bundle",
            "device_type_id",
            "policy",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    bundle: Mapped[str] = mapped_column(ForeignKey("bundle.identity"), index=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"))
    device_type_id: Mapped[int] = mapped_column(ForeignKey("device_type.id"))
    policy: Mapped[str] = mapped_column(ForeignKey("policy.key"))
    state: Mapped[str] = mapped_column(String(16))
    priority: Mapped[int]
    created: Mapped[datetime]
    since: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(1024), default="", server_default="")
    measure: Mapped[bool] = mapped_column(default=False, server_default=false())
    addressed_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    probe_id: Mapped[int | None] = mapped_column(ForeignKey("probe.id"), index=True)
    submission: Mapped[Submission] = relationship()
    architecture: Mapped[Architecture] = relationship()
    device_type: Mapped[DeviceType] = relationship()
    attempts: Mapped[list[Attempt]] = relationship(order_by="Attempt.n")


class Attempt(Base):
    """One try of a job; the lease is on the coordinator's clock. :class:`farm.states.jobs.AttemptState` has its states.

    ``addressed_id`` is the unit that it was sent to, ``None`` where any of its type may take it. ``performance`` is the attempt
    that measured the same graph: on its stack, this one need not. ``echoed`` says whether the report named the bundle and the
    nonce of the attempt. One that is ``rejudged`` from another ran nothing: it is what that one observed, under the policy of
    its own job (:mod:`farm.coordinator.rejudging`). ``figures`` are those of its cases that the table shows
    (:mod:`farm.verdicts.figures`).
    """

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("job_id", "n"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), index=True)
    n: Mapped[int]
    token: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), index=True)
    dispatched: Mapped[datetime] = mapped_column(index=True)
    lease_until: Mapped[datetime]
    finished: Mapped[datetime | None]
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    addressed_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    stack: Mapped[str | None] = mapped_column(ForeignKey("stack.hash"))
    performance: Mapped[str | None] = mapped_column(ForeignKey("attempt.id"))
    outcome: Mapped[str | None] = mapped_column(String(32))
    cause: Mapped[str | None] = mapped_column(String(32))
    message: Mapped[str] = mapped_column(String(4096), default="")
    stage: Mapped[str | None] = mapped_column(String(16))
    signal: Mapped[int | None]
    unsupported: Mapped[list[Any]] = mapped_column(default=list)
    load_ms: Mapped[float | None]
    peak_memory_bytes: Mapped[int | None] = mapped_column(BigInteger)
    duration_s: Mapped[float | None]
    log: Mapped[str] = mapped_column(String(16384), default="")
    echoed: Mapped[bool | None]
    rejudged: Mapped[str | None] = mapped_column(ForeignKey("attempt.id"), index=True)
    figures: Mapped[bytes | None]
    job: Mapped[Job] = relationship(back_populates="attempts")
    cases: Mapped[list[CaseResult]] = relationship(order_by="CaseResult.id")
    device: Mapped[Device | None] = relationship(foreign_keys=device_id)
    addressed: Mapped[Device | None] = relationship(foreign_keys=addressed_id)


class CoordinatorRow(Base):
    """A coordinator that runs, or did until ``seen``; ``broker`` and ``message`` are how it last found the broker."""

    __tablename__ = "coordinator"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(512))
    started: Mapped[datetime]
    seen: Mapped[datetime]
    broker: Mapped[str] = mapped_column(String(16))
    message: Mapped[str] = mapped_column(String(1024), default="", server_default="")
