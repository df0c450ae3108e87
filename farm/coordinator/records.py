"""Writing what a host reported as rows; bounded, so that no host can fill the database with one message."""

from __future__ import annotations

import re
from datetime import datetime

from msgspec import convert, to_builtins
from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.coordinator.stacks import record_stack
from farm.coordinator.verdict import TELLING
from farm.database.models import Attempt, CaseResult, Device, Event, LayerError, TensorError
from farm.figures import pack
from workers.outcome import Outcome
from workers.report import AttemptReport, CaseReport
from workers.report import LayerError as LayerReport
from workers.report import TensorError as TensorReport
from workers.spread import CORNERS, THRESHOLDS, Spread

MAX_MESSAGE = 4096
MAX_UNIT = 512
MAX_LOG = 16_384
MAX_CASES = 256
MAX_TENSORS = 1024
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def record_report(session: Session, attempt: Attempt, report: AttemptReport) -> None:
    """Put the figures of ``report`` on ``attempt`` and add its case rows."""
    attempt.outcome = report.outcome
    attempt.cause = report.cause
    attempt.message = clipped(report.message, MAX_MESSAGE)
    attempt.stage = report.stage
    attempt.signal = report.signal
    attempt.unsupported = [clipped(op, 128) for op in report.unsupported[:MAX_CASES]]
    attempt.load_ms = report.load_ms
    attempt.peak_memory_bytes = report.peak_memory_bytes
    attempt.log = clipped(report.log, MAX_LOG)
    attempt.stack = record_stack(session, report.stack) if report.stack or report.outcome.group in TELLING else None
    attempt.echoed = echoes(report, attempt)
    attempt.cases = [case_row(case) for case in report.cases[:MAX_CASES]]
    attempt.figures = pack(attempt.cases, attempt.unsupported)


def echoes(report: AttemptReport, attempt: Attempt) -> bool:
    """Whether a report names the bundle and the nonce of its attempt."""
    return report.bundle == attempt.job.bundle and report.nonce == attempt.nonce


def record_unit(session: Session, device_type: str, unit: str, now: datetime) -> Device:
    """The unit's row, with the time at which it was last heard of."""
    unit = clipped(unit, MAX_UNIT)
    device = session.scalar(select(Device).where(Device.device_type == device_type, Device.unit == unit))
    if device is None:
        device = Device(device_type=device_type, unit=unit, first_seen=now, last_seen=now)
        session.add(device)
        session.flush()
    device.last_seen = now
    return device


def record_event(session: Session, kind: str, subject: str, now: datetime, **detail: object) -> None:
    """Add a line to the audit log."""
    session.add(Event(at=now, kind=kind, subject=subject, detail=detail))


def clipped(text: str, limit: int) -> str:
    """``text`` cut to ``limit`` characters, without the NUL that PostgreSQL refuses and what a terminal would obey."""
    clean = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def case_row(case: CaseReport) -> CaseResult:
    """The rows of a case: its own, those of its tensors, and that of its first divergent layer."""
    layer = case.first_divergent_layer
    return CaseResult(
        sample=clipped(case.sample, 32),
        outcome=case.outcome,
        message=clipped(case.message, MAX_MESSAGE),
        latency_ms=case.latency_ms,
        firm=case.firm,
        fallback=clipped(case.fallback, MAX_MESSAGE),
        tensors=[
            TensorError(
                output=clipped(t.output, 128),
                max_abs_error=t.max_abs_error,
                max_rel_error=t.max_rel_error,
                sqnr_db=t.sqnr_db,
                cosine=t.cosine,
                share_outside=t.share_outside,
                margin=t.margin,
                spread=to_builtins(t.spread) if t.spread and _is_small(t.spread) else None,
                layer=clipped(t.layer, 64),
                run=t.run,
            )
            for t in case.tensors[:MAX_TENSORS]
        ],
        layer=layer
        and LayerError(
            value=clipped(layer.value, 128),
            op=clipped(layer.op, 128),
            module=clipped(layer.module, 512),
            source=clipped(layer.source, 128),
            error=layer.error,
            introduced_here=layer.introduced_here,
            local_error=layer.local_error,
            inherited_error=layer.inherited_error,
            signature=clipped(layer.signature, 512),
        ),
    )


def _is_small(spread: Spread) -> bool:
    """Whether it is as any host of ours makes it; another one is not kept, and its case cannot be judged again."""
    return len(spread.corners) <= CORNERS and len(spread.above) <= len(THRESHOLDS)


def case_of(row: CaseResult) -> CaseReport:
    """What :func:`case_row` wrote, as a value again."""
    return CaseReport(
        row.sample,
        Outcome(row.outcome),
        row.message,
        tuple(_tensor_of(tensor) for tensor in row.tensors),
        row.latency_ms,
        _layer_of(row.layer) if row.layer else None,
        firm=Outcome(row.firm) if row.firm else None,
        fallback=row.fallback,
    )


def _layer_of(row: LayerError) -> LayerReport:
    return LayerReport(
        row.value,
        row.op,
        row.module,
        row.error,
        row.introduced_here,
        row.source,
        row.local_error,
        row.inherited_error,
        row.signature,
    )


def _tensor_of(row: TensorError) -> TensorReport:
    return TensorReport(
        row.output,
        row.max_abs_error,
        row.max_rel_error,
        row.sqnr_db,
        row.cosine,
        row.share_outside,
        row.margin,
        convert(row.spread, Spread) if row.spread else None,
        row.layer,
        row.run,
    )
