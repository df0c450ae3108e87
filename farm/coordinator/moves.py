"""Guarded moves of job states in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, update
from sqlalchemy.orm import Session

from farm.coordinator.records import clipped
from farm.coordinator.states import JobState, may_move
from farm.database.models import Job

MAX_REASON = 1024


def move_job(
    session: Session, job_id: int, sources: Sequence[JobState], target: JobState, now: datetime, reason: str = ""
) -> bool:
    """Move a job that is in one of ``sources``; ``False`` where another coordinator was quicker."""
    return move_jobs(session, Job.id == job_id, sources, target, now, reason) == 1


def move_jobs(
    session: Session,
    chosen: ColumnElement[bool],
    sources: Sequence[JobState],
    target: JobState,
    now: datetime,
    reason: str = "",
) -> int:
    """Move those of the chosen jobs that are in one of ``sources``; how many they were."""
    for source in sources:
        if not may_move(source, target):
            raise ValueError(f"a job does not move from {source} to {target}")
    result = session.execute(
        update(Job)
        .where(chosen, Job.state.in_(sources))
        .values(state=target, since=now, reason=clipped(reason, MAX_REASON))
        .execution_options(synchronize_session="fetch")
    )
    return result.rowcount if isinstance(result, CursorResult) else 0
