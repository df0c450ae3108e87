"""What a host reported, as the values of rows; bounded, so that no host can fill the database with one message."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from msgspec import convert, to_builtins
from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database.models import CaseResult, Device, Event, LayerError, TensorError
from workers.outcome import Outcome
from workers.report import CaseReport, LayerProbe
from workers.report import LayerError as LayerReport
from workers.report import TensorError as TensorReport
from workers.spread import CORNERS, THRESHOLDS, Spread

MAX_MESSAGE = 4096
MAX_UNIT = 512
MAX_LOG = 16_384
MAX_CASES = 256
MAX_TENSORS = 1024
MAX_PROBES = 64
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


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
        **case_values(case),
        tensors=[TensorError(**tensor_values(tensor)) for tensor in case.tensors[:MAX_TENSORS]],
        layer=layer and LayerError(**layer_values(layer)),
    )


def case_values(case: CaseReport) -> dict[str, Any]:
    """The columns of a case's own row."""
    return {
        "sample": clipped(case.sample, 32),
        "outcome": case.outcome,
        "message": clipped(case.message, MAX_MESSAGE),
        "latency_ms": case.latency_ms,
        "firm": case.firm,
        "fallback": clipped(case.fallback, MAX_MESSAGE),
    }


def tensor_values(tensor: TensorReport) -> dict[str, Any]:
    """The columns of the row of one tensor of a case."""
    spread = tensor.spread
    return {
        "output": clipped(tensor.output, 128),
        "max_abs_error": tensor.max_abs_error,
        "max_rel_error": tensor.max_rel_error,
        "sqnr_db": tensor.sqnr_db,
        "cosine": tensor.cosine,
        "share_outside": tensor.share_outside,
        "margin": tensor.margin,
        "spread": to_builtins(spread) if spread and _is_small(spread) else None,
        "layer": clipped(tensor.layer, 64),
        "run": tensor.run,
    }


def layer_values(layer: LayerReport) -> dict[str, Any]:
    """The columns of the row of a case's first divergent layer."""
    return {
        "value": clipped(layer.value, 128),
        "op": clipped(layer.op, 128),
        "module": clipped(layer.module, 512),
        "source": clipped(layer.source, 128),
        "error": layer.error,
        "introduced_here": layer.introduced_here,
        "local_error": layer.local_error,
        "inherited_error": layer.inherited_error,
        "signature": clipped(layer.signature, 512),
        "probes": [_probe_values(probe) for probe in layer.probes[:MAX_PROBES]] or None,
    }


def _probe_values(probe: LayerProbe) -> dict[str, Any]:
    return {
        "value": clipped(probe.value, 128),
        "op": clipped(probe.op, 128),
        "module": clipped(probe.module, 512),
        "error": probe.error,
    }


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
        convert(row.probes or [], tuple[LayerProbe, ...]),
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
