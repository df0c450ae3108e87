"""Entering reports: all that a batch of them says, in one statement a table, on attempts and as rows of their cases."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from farm.database.among import among
from farm.database.models import Attempt, CaseResult, LayerError, TensorError
from farm.database.models.base import table_of
from farm.database.records import (
    MAX_CASES,
    MAX_LOG,
    MAX_MESSAGE,
    MAX_TENSORS,
    case_values,
    clipped,
    layer_values,
    tensor_values,
)
from farm.database.statements import Statement, ask, put
from farm.states.jobs import AttemptState
from farm.states.verdict import TELLING
from farm.units.stacks import record_stacks
from farm.verdicts.figures import pack
from workers.report import AttemptReport, CaseReport
from workers.stack import stack_hash

_FIGURES = (
    "outcome", "cause", "message", "stage", "signal", "unsupported", "load_ms", "peak_memory_bytes", "log", "stack", "echoed",
    "state", "finished", "duration_s", "device_id", "figures",
)  # fmt: skip
_ENTER = Statement(
    update(table_of(Attempt))
    .where(Attempt.id == bindparam("attempt"))
    .values({name: bindparam(name) for name in _FIGURES})
)
_CASES = Statement(insert(table_of(CaseResult)))
_NUMBERS = Statement(
    select(CaseResult.attempt_id, CaseResult.sample, CaseResult.id).where(among(CaseResult.attempt_id, "attempts"))
)
_TENSORS = Statement(insert(table_of(TensorError)))
_LAYERS = Statement(insert(table_of(LayerError)))


@dataclass(frozen=True)
class Entry:
    """A report that is to be entered on an attempt; ``echoed`` says whether it names that one's bundle and nonce."""

    attempt: str
    device_id: int
    report: AttemptReport
    echoed: bool
    duration_s: float
    finished: datetime

    @functools.cached_property
    def stack(self) -> str | None:
        """Of the report; ``None`` where it tells none, and nothing of the product either."""
        report = self.report
        return stack_hash(report.stack) if report.stack or report.outcome.group in TELLING else None


@dataclass(frozen=True, slots=True)
class _Case:
    """What is to be written of a case: the columns of its own row, of those of its tensors, and of that of its layer."""

    values: dict[str, Any]
    tensors: list[dict[str, Any]]
    layer: dict[str, Any] | None

    @classmethod
    def of(cls, case: CaseReport) -> _Case:
        layer = case.first_divergent_layer
        tensors = [tensor_values(tensor) for tensor in case.tensors[:MAX_TENSORS]]
        return cls(case_values(case), tensors, layer_values(layer) if layer else None)

    @property
    def row(self) -> CaseResult:
        """As whoever reads rows sees it."""
        tensors = [SimpleNamespace(**tensor) for tensor in self.tensors]
        layer = SimpleNamespace(**self.layer) if self.layer else None
        return cast(CaseResult, SimpleNamespace(**self.values, tensors=tensors, layer=layer))


def enter_reports(session: Session, entries: Sequence[Entry]) -> None:
    """Put the figures of reports on their attempts, which are reported from here on, and add the rows of their cases."""
    if not entries:
        return
    record_stacks(session, {entry.stack: entry.report.stack for entry in entries if entry.stack is not None})
    cases = {entry.attempt: [_Case.of(case) for case in entry.report.cases[:MAX_CASES]] for entry in entries}
    put(session, _ENTER, [_values(entry, cases[entry.attempt]) for entry in entries])
    put(session, _CASES, [{"attempt_id": attempt, **case.values} for attempt, own in cases.items() for case in own])
    _enter_parts(session, cases)


def _enter_parts(session: Session, cases: Mapping[str, Sequence[_Case]]) -> None:
    """Add the rows of the tensors and layers of cases, by attempt."""
    more = [(attempt, case) for attempt, own in cases.items() for case in own if case.tensors or case.layer]
    if not more:
        return
    rows = ask(session, _NUMBERS, {"attempts": {attempt for attempt, _ in more}}).rows
    numbers = {(attempt, sample): number for attempt, sample, number in rows}
    known = [({"case_id": numbers[attempt, case.values["sample"]]}, case) for attempt, case in more]
    tensors = [key | tensor for key, case in known for tensor in case.tensors]
    layers = [key | case.layer for key, case in known if case.layer]
    put(session, _TENSORS, tensors)
    put(session, _LAYERS, layers)


def _values(entry: Entry, cases: Sequence[_Case]) -> dict[str, Any]:
    report = entry.report
    unsupported = [clipped(op, 128) for op in report.unsupported[:MAX_CASES]]
    return {
        "attempt": entry.attempt,
        "outcome": report.outcome,
        "cause": report.cause,
        "message": clipped(report.message, MAX_MESSAGE),
        "stage": report.stage,
        "signal": report.signal,
        "unsupported": unsupported,
        "load_ms": report.load_ms,
        "peak_memory_bytes": report.peak_memory_bytes,
        "log": clipped(report.log, MAX_LOG),
        "stack": entry.stack,
        "echoed": entry.echoed,
        "state": AttemptState.REPORTED,
        "finished": entry.finished,
        "duration_s": entry.duration_s,
        "device_id": entry.device_id,
        "figures": pack((case.row for case in cases), unsupported),
    }
