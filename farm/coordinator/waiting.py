"""What waits for a device type, read in the orders of its turns: as quick with a hundred thousand jobs as with ten.

Each order is a walk along an index that ends after the rows that are wanted. Age is that of submissions, not of jobs; which of
them wait is asked of the index too, by stepping from one to the next.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from farm.coordinator.order import TURN, Waiting, in_turn
from farm.coordinator.states import JobState
from farm.database.models import Attempt, DeviceType, Job, Submission

#: Attempts, of all device types, among which those are looked for that were begun last on one. A type that had none of them
#: was idle: whose turn it is then does not matter.
LOOKED_BACK = 200


def next_jobs(session: Session, device: str, room: int) -> list[int]:
    """Ids of the queued jobs whose turn it is on a device type, ``room`` at most."""
    types = session.scalars(select(DeviceType.id).where(DeviceType.name == device)).all()
    urgent = list(itertools.chain.from_iterable(_urgent(session, each, room) for each in types))
    if not urgent:
        return []
    by_age = _oldest(session, types, room)
    return in_turn(_waiting(sorted(urgent)[:room]), _waiting(by_age), _begun(session, types), room)


#: Priority and id of a job, and when what it belongs to was submitted.
_Row = tuple[int, int, datetime]


def _waiting(rows: list[_Row]) -> list[Waiting]:
    return [Waiting(job, since) for _, job, since in rows]


def _queued(device_type: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Job.device_type_id == device_type, Job.state == JobState.QUEUED


def _urgent(session: Session, device_type: int, room: int) -> list[_Row]:
    query = select(Job.priority, Job.id, Submission.created).join(Submission, Job.submission_id == Submission.id)
    first = query.where(*_queued(device_type)).order_by(Job.priority, Job.id).limit(room)
    return [(priority, job, since) for priority, job, since in session.execute(first)]


def _oldest(session: Session, types: Sequence[int], room: int) -> list[_Row]:
    """By age, and where that is equal by urgency."""
    known = [(since, each, submission) for each in types for submission, since in _submissions(session, each)]
    found: list[_Row] = []
    for since, group in itertools.groupby(sorted(known), key=lambda row: row[0]):
        if len(found) >= room:
            break
        rows = (_of_submission(session, each, submission, room) for _, each, submission in group)
        found += sorted((priority, job, since) for priority, job in itertools.chain.from_iterable(rows))
    return found[:room]


def _submissions(session: Session, device_type: int) -> list[tuple[str, datetime]]:
    """Those that have a job waiting, and when they were made."""
    waiting = (
        select(func.min(Job.submission_id).label("id")).where(*_queued(device_type)).cte("waiting", recursive=True)
    )
    following = select(func.min(Job.submission_id)).where(*_queued(device_type), Job.submission_id > waiting.c.id)
    waiting = waiting.union_all(select(following.correlate(waiting).scalar_subquery()).where(waiting.c.id.is_not(None)))
    rows = session.execute(select(Submission.id, Submission.created).join(waiting, waiting.c.id == Submission.id))
    return [(submission, since) for submission, since in rows]


def _of_submission(session: Session, device_type: int, submission: str, room: int) -> list[tuple[int, int]]:
    query = select(Job.priority, Job.id).where(*_queued(device_type), Job.submission_id == submission)
    return [(priority, job) for priority, job in session.execute(query.order_by(Job.priority, Job.id).limit(room))]


def _begun(session: Session, types: Sequence[int]) -> list[datetime]:
    """When that was submitted which was begun last, the last one first."""
    latest = (
        select(Attempt.job_id, Attempt.dispatched)
        .where(Attempt.rejudged.is_(None))  # of those that were judged again nothing was begun
        .order_by(Attempt.dispatched.desc())
        .limit(LOOKED_BACK)
        .subquery()
    )
    query = (
        select(Submission.created)
        .select_from(latest)
        .join(Job, latest.c.job_id == Job.id)
        .join(Submission, Job.submission_id == Submission.id)
        .where(Job.device_type_id.in_(types))
        .order_by(latest.c.dispatched.desc())
        .limit(TURN - 1)
    )
    return list(session.scalars(query))
