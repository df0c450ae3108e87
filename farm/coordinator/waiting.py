"""What waits for a device type, read in the orders of its turns: as quick with a hundred thousand jobs as with ten.

Each order is a walk along an index that ends after the rows that are wanted. Age is that of submissions, not of jobs; which of
them wait is asked of the index too, by stepping from one to the next.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from farm.coordinator.order import IDLE, TURN, Waiting, in_turn
from farm.database.among import among
from farm.database.models import Attempt, Job, Submission
from farm.database.statements import Answer, Statement, ask
from farm.states.jobs import JobState

#: Attempts, of all device types, among which those are looked for that were begun last on one. A type that had none of them
#: was idle: whose turn it is then does not matter.
LOOKED_BACK = 200


_WAITS = Job.device_type_id == bindparam("device_type"), Job.state == JobState.QUEUED
_QUEUED = *_WAITS, Job.priority < IDLE
_URGENT = Statement(
    select(Job.priority, Job.id, Submission.created)
    .join(Submission, Job.submission_id == Submission.id)
    .where(*_QUEUED)
    .order_by(Job.priority, Job.id)
    .limit(bindparam("room"))
)
#: What is begun where nothing else waits.
_IDLE = Statement(
    select(Job.priority, Job.id)
    .where(*_WAITS, Job.priority >= IDLE)
    .order_by(Job.priority, Job.id)
    .limit(bindparam("room"))
)
_OF_SUBMISSION = Statement(
    select(Job.priority, Job.id)
    .where(*_QUEUED, Job.submission_id == bindparam("submission"))
    .order_by(Job.priority, Job.id)
    .limit(bindparam("room"))
)


def _waiting_submissions() -> Select[str, datetime]:
    """Those that have a job waiting, found by stepping along the index from one to the next, and when they were made."""
    waiting = select(func.min(Job.submission_id).label("id")).where(*_QUEUED).cte("waiting", recursive=True)
    following = select(func.min(Job.submission_id)).where(*_QUEUED, Job.submission_id > waiting.c.id)
    waiting = waiting.union_all(select(following.correlate(waiting).scalar_subquery()).where(waiting.c.id.is_not(None)))
    return select(Submission.id, Submission.created).join(waiting, waiting.c.id == Submission.id)


def _begun_last() -> Select[datetime]:
    """When that was submitted which was begun last, the last one first."""
    latest = (
        select(Attempt.job_id, Attempt.dispatched)
        # Of those that were judged again nothing was begun. Asked plainly, SQLite reads and sorts all that were not.
        .where(func.coalesce(Attempt.rejudged, "") == "")
        .order_by(Attempt.dispatched.desc())
        .limit(LOOKED_BACK)
        .subquery()
    )
    return (
        select(Submission.created)
        .select_from(latest)
        .join(Job, latest.c.job_id == Job.id)
        .join(Submission, Job.submission_id == Submission.id)
        .where(among(Job.device_type_id, "types"))
        .order_by(latest.c.dispatched.desc())
        .limit(TURN - 1)
    )


_SUBMISSIONS = Statement(_waiting_submissions())
_BEGUN = Statement(_begun_last())
#: Priority and id of a job, and when what it belongs to was submitted.
_Row = tuple[int, int, datetime]


def next_jobs(session: Session, types: Sequence[int], room: int) -> list[int]:
    """Ids of the queued jobs whose turn it is on a device type, ``room`` at most; ``types`` are all configurations of it."""
    asked = [ask(session, _URGENT, {"device_type": each, "room": room}) for each in types]
    waiting = [(each, ask(session, _SUBMISSIONS, {"device_type": each})) for each in types]
    last = ask(session, _BEGUN, {"types": types})
    urgent: list[_Row] = sorted(_all(asked))[:room]
    if not urgent:
        idle = [ask(session, _IDLE, {"device_type": each, "room": room}) for each in types]
        return [row.id for row in sorted(_all(idle))][:room]
    submissions = [(row.created, each, row.id) for each, found in waiting for row in found.rows]
    if len({since for since, _, _ in submissions}) == 1:
        return [job for _, job, _ in urgent]  # whose turn it is does not matter
    by_age = _oldest(session, submissions, room)
    return in_turn(_waiting(urgent), _waiting(by_age), [row.created for row in last.rows], room)


def _waiting(rows: list[_Row]) -> list[Waiting]:
    return [Waiting(job, since) for _, job, since in rows]


def _all(asked: Iterable[Answer]) -> Iterator[Any]:
    return itertools.chain.from_iterable(each.rows for each in asked)


def _oldest(session: Session, submissions: Sequence[tuple[datetime, int, str]], room: int) -> list[_Row]:
    """By age, and where that is equal by urgency."""
    found: list[_Row] = []
    for since, group in itertools.groupby(sorted(submissions), key=lambda row: row[0]):
        if len(found) >= room:
            break
        named = [{"device_type": each, "submission": submission, "room": room} for _, each, submission in group]
        rows = _all([ask(session, _OF_SUBMISSION, each) for each in named])
        found += sorted((priority, job, since) for priority, job in rows)
    return found[:room]
