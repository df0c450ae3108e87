"""Guarded moves of job states in the database."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, Update, bindparam, update
from sqlalchemy.orm import Session

from farm.database.among import among
from farm.database.models import Job
from farm.database.models.base import table_of
from farm.database.records import clipped
from farm.database.statements import Answer, Statement, ask, put
from farm.states.jobs import JobState, may_move

MAX_REASON = 1024


@dataclass(frozen=True, slots=True)
class Move:
    """A job that is in ``source`` goes to ``target``."""

    job: int
    source: JobState
    target: JobState
    now: datetime
    reason: str = ""


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
    _check(sources, target)
    result = session.execute(
        update(Job)
        .where(chosen, Job.state.in_(sources))
        .values(state=target, since=now, reason=clipped(reason, MAX_REASON))
        .execution_options(synchronize_session="fetch")
    )
    return result.rowcount if isinstance(result, CursorResult) else 0


def make_moves(session: Session, moves: Iterable[Move]) -> None:
    """Make many moves, in one statement for each kind; objects of the session are not told."""
    kinds: defaultdict[tuple[JobState, JobState], list[Move]] = defaultdict(list)
    for move in moves:
        kinds[move.source, move.target].append(move)
    for (source, target), alike in kinds.items():
        rows = [{"job": m.job, "now": m.now, "why": clipped(m.reason, MAX_REASON)} for m in alike]
        put(session, _each(source, target), rows)


def take_jobs(session: Session, jobs: Collection[int], source: JobState, target: JobState, now: datetime) -> Answer:
    """Move those of ``jobs`` that are in ``source``; their ``id``. Objects of the session are not told."""
    return ask(session, _all(source, target), {"jobs": jobs, "now": now, "why": ""})


@functools.cache
def _each(source: JobState, target: JobState) -> Statement:
    return Statement(_moved(source, target).where(Job.id == bindparam("job")))


@functools.cache
def _all(source: JobState, target: JobState) -> Statement:
    return Statement(_moved(source, target).where(among(Job.id, "jobs")).returning(Job.id))


def _moved(source: JobState, target: JobState) -> Update:
    _check((source,), target)
    values = {"state": target, "since": bindparam("now"), "reason": bindparam("why")}
    return update(table_of(Job)).where(Job.state == source).values(values)


def _check(sources: Sequence[JobState], target: JobState) -> None:
    for source in sources:
        if not may_move(source, target):
            raise ValueError(f"a job does not move from {source} to {target}")
