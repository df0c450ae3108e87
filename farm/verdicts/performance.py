"""Latencies of a graph that was timed before: where the weights alone are new, an attempt only has to be right, not quick.

What a graph takes on a stack does not depend on the values in it. So a bundle whose graph and sizes were timed on a device
type's present stack is replayed and compared, no more, and its verdict shows the latencies of the attempt that took them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from farm.database.among import among
from farm.database.models import Attempt, Bundle, CaseResult, Sample, Verdict
from farm.database.statements import Statement, ask
from farm.states.verdict import Verdict as VerdictName
from workers.outcome import Group, Outcome

#: Attempts that are looked at for all sizes of a bundle: the same architecture in other weights has them, the newest first.
MOST_LOOKED_AT = 8

_TIMED = Statement(
    select(Attempt.id, Attempt.stack)
    .join(Verdict, Verdict.measured_id == Attempt.id)
    .join(Bundle, Verdict.bundle == Bundle.identity)
    .where(
        Bundle.graph == bindparam("graph"),
        Verdict.device_type_id == bindparam("device_type"),
        among(Verdict.stack, "present"),
        Verdict.verdict == VerdictName.SUPPORTED,
        # Whoever has the very same judged again wants to see all of it again.
        or_(Verdict.bundle != bindparam("bundle"), Verdict.policy != bindparam("policy")),
    )
    .order_by(Verdict.proved.desc(), Attempt.id)
    .limit(MOST_LOOKED_AT)
)
_SAMPLES = Statement(select(Sample.name).where(Sample.bundle == bindparam("bundle")))
_SIZES = Statement(
    select(CaseResult.sample).where(CaseResult.attempt_id == bindparam("attempt"), CaseResult.latency_ms.is_not(None))
)
_STACK = Statement(select(Attempt.stack).where(Attempt.id == bindparam("attempt")))


@dataclass(frozen=True, slots=True)
class Timed:
    """The attempt that timed a graph, and the stack that it did so on."""

    attempt: str
    stack: str | None


def known_performance(
    session: Session, *, graph: str, bundle: str, device_type: int, policy: str, present: Sequence[str]
) -> Timed | None:
    """The newest attempt that timed a graph at all sizes of ``bundle``, which has it, on one of the ``present`` stacks.

    It passed: what computes something else may be quicker.
    """
    job = {"graph": graph, "device_type": device_type, "present": present, "bundle": bundle, "policy": policy}
    samples = ask(session, _SAMPLES, {"bundle": bundle})
    candidates = ask(session, _TIMED, job).rows
    if not candidates:
        return None
    wanted = {sample.name for sample in samples.rows}
    for attempt, stack in candidates:
        if wanted <= {case.sample for case in ask(session, _SIZES, {"attempt": attempt}).rows}:
            return Timed(attempt, stack)
    return None


def measured_by(session: Session, attempt: Any) -> str | None:
    """The attempt whose latencies stand for ``attempt``, a row of one that took none: the one that spared it the timing."""
    if attempt.performance is None or Outcome(attempt.outcome or Outcome.HARNESS_ERROR).group is not Group.GOOD:
        return None
    timed = ask(session, _STACK, {"attempt": attempt.performance}).rows
    return str(attempt.performance) if timed and timed[0].stack == attempt.stack else None
