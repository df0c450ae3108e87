"""Guarded moves of job states in the database, and the length of leases."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from farm.coordinator.states import JobState, may_move
from farm.database.models import Job

#: Messages that wait on the wire for each unit, the running one included.
WINDOW = 2
#: On top of the attempt's own limit: fetching the bundle, starting the child, the canaries, the way back.
LEASE_MARGIN_S = 120.0


def move_job(session: Session, job_id: int, sources: Sequence[JobState], target: JobState) -> bool:
    """Move a job that is in one of ``sources``; ``False`` where another coordinator was quicker."""
    for source in sources:
        if not may_move(source, target):
            raise ValueError(f"a job does not move from {source} to {target}")
    result = session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state.in_(sources))
        .values(state=target)
        .execution_options(synchronize_session="fetch")
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def lease_s(limit_s: float, *, waiting: int) -> float:
    """Seconds that a lease lasts: its own attempt and the ``waiting`` ones before it, and a margin above the hard limit."""
    return limit_s * (waiting + 1) + LEASE_MARGIN_S
