"""What attempts observed, and the verdicts that follow."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from farm.database.models.base import NAME, Base
from farm.database.models.queue import Attempt


class CaseResult(Base):
    """One sample of an attempt; append-only. ``firm`` is the worst that tolerances have no say in, where that was recorded."""

    __tablename__ = "case_result"
    __table_args__ = (UniqueConstraint("attempt_id", "sample"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[str] = mapped_column(ForeignKey("attempt.id"), index=True)
    sample: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(32))
    message: Mapped[str] = mapped_column(String(4096))
    latency_ms: Mapped[float | None]
    firm: Mapped[str | None] = mapped_column(String(32))
    fallback: Mapped[str] = mapped_column(String(4096), default="", server_default="")
    tensors: Mapped[list[TensorError]] = relationship(order_by="TensorError.id")
    layer: Mapped[LayerError | None] = relationship()


class TensorError(Base):
    """Figures of one output of a case, stored for passes too; with ``layer`` those of all layers of that op, each alone.

    ``spread`` is :class:`workers.spread.Spread`, what judging by other tolerances takes; ``margin`` is null where the policy
    does not judge it; ``run`` is 1 for a further run on the same inputs that gave something else.
    """

    __tablename__ = "tensor_error"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_result.id"), index=True)
    output: Mapped[str] = mapped_column(String(NAME))
    max_abs_error: Mapped[float]
    max_rel_error: Mapped[float]
    sqnr_db: Mapped[float]
    cosine: Mapped[float]
    share_outside: Mapped[float]
    margin: Mapped[float | None]
    spread: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    layer: Mapped[str] = mapped_column(String(64), default="", server_default="")
    run: Mapped[int] = mapped_column(default=0, server_default="0")


class LayerError(Base):
    """The first divergent layer of a case; ``probes`` are :class:`workers.report.LayerProbe`, null where none were told."""

    __tablename__ = "layer_error"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_result.id"), unique=True)
    value: Mapped[str] = mapped_column(String(NAME))
    op: Mapped[str] = mapped_column(String(NAME))
    module: Mapped[str] = mapped_column(String(512))
    source: Mapped[str] = mapped_column(String(NAME), default="", server_default="")
    error: Mapped[float]
    introduced_here: Mapped[bool | None]
    local_error: Mapped[float | None]
    inherited_error: Mapped[float | None]
    signature: Mapped[str] = mapped_column(String(512), default="", server_default="")
    probes: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))


class Verdict(Base):
    """Of a bundle on one stack of a device type's configuration under a policy; derived, recomputable from the attempts.

    It quotes ``attempt_id``; ``proved`` is when an attempt last bore it out, ``measured_id`` the attempt whose latencies stand:
    the quoted one, or one that ran the same graph on the same stack before. ``condition`` is
    :class:`farm.conditions.infer.Condition` of a PARTIAL one, once a probe has been run. ``shown`` is what the table shows of
    it (:mod:`farm.verdicts.shown`).
    """

    __tablename__ = "verdict"
    # What is known of a device type, the newest first.
    __table_args__ = (Index("ix_verdict_newest", "device_type_id", "policy", "proved"),)
    bundle: Mapped[str] = mapped_column(ForeignKey("bundle.identity"), primary_key=True)
    device_type_id: Mapped[int] = mapped_column(ForeignKey("device_type.id"), primary_key=True)
    policy: Mapped[str] = mapped_column(ForeignKey("policy.key"), primary_key=True)
    stack: Mapped[str] = mapped_column(ForeignKey("stack.hash"), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str] = mapped_column(String(32))
    cause: Mapped[str] = mapped_column(String(32))
    attempt_id: Mapped[str] = mapped_column(ForeignKey("attempt.id"))
    decided: Mapped[datetime]
    proved: Mapped[datetime]
    measured_id: Mapped[str | None] = mapped_column(ForeignKey("attempt.id"))
    condition: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    shown: Mapped[bytes]
    attempt: Mapped[Attempt] = relationship(foreign_keys=attempt_id)
