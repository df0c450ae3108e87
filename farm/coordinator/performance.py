"""Latencies of a graph that was timed before: where the weights alone are new, an attempt only has to be right, not quick.

What a graph takes on a stack does not depend on the values in it. So a bundle whose graph and sizes were timed on a device
type's present stack is replayed and compared, no more, and its verdict shows the latencies of the attempt that took them.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from farm.coordinator.verdict import Verdict as VerdictName
from farm.database.models import Attempt, Bundle, Job, Verdict
from workers.outcome import Group, Outcome

#: Attempts that are looked at for all sizes of a bundle: the same architecture in other weights has them, the newest first.
MOST_LOOKED_AT = 8


def known_performance(session: Session, job: Job, bundle: Bundle, present: Sequence[str]) -> Attempt | None:
    """The newest attempt that timed the graph of ``bundle`` at all its sizes on one of the ``present`` stacks, for ``job``.

    It passed: what computes something else may be quicker.
    """
    query = (
        select(Attempt)
        .join(Verdict, Verdict.measured_id == Attempt.id)
        .join(Bundle, Verdict.bundle == Bundle.identity)
        .where(
            Bundle.graph == bundle.graph,
            Verdict.device_type_id == job.device_type_id,
            Verdict.stack.in_(present),
            Verdict.verdict == VerdictName.SUPPORTED,
            # Whoever has the very same judged again wants to see all of it again.
            or_(Verdict.bundle != bundle.identity, Verdict.policy != job.policy),
        )
        .order_by(Verdict.proved.desc(), Attempt.id)
        .limit(MOST_LOOKED_AT)
        .options(selectinload(Attempt.cases))
    )
    for attempt in session.scalars(query):
        if {sample.name for sample in bundle.sample_rows} <= {
            case.sample for case in attempt.cases if case.latency_ms is not None
        }:
            return attempt
    return None


def measured_by(session: Session, attempt: Attempt) -> str | None:
    """The attempt whose latencies stand for ``attempt``: itself, or the one that spared it the timing."""
    if any(case.latency_ms is not None for case in attempt.cases):
        return attempt.id
    if attempt.performance is None or Outcome(attempt.outcome or Outcome.HARNESS_ERROR).group is not Group.GOOD:
        return None
    return attempt.performance if session.get_one(Attempt, attempt.performance).stack == attempt.stack else None
