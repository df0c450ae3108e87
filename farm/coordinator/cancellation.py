"""Taking back what was asked for: jobs by number, or all that a submission wants and nobody else does.

A unit or converter that is at work on it is not stopped; what it reports is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, select, update
from sqlalchemy.orm import Session

from farm.coordinator import moves
from farm.coordinator.heirs import CANCELLED, hand_over_conversions, hand_over_jobs
from farm.database.beginnings import id_beginning
from farm.database.models import Conversion, Job, Probe, Repeat, Submission
from farm.database.records import MAX_MESSAGE, clipped, record_event
from farm.errors import NotFoundError, UsageError
from farm.states.conversions import OPEN_CONVERSIONS, ConversionState
from farm.states.jobs import OPEN_JOBS, JobState


@dataclass(frozen=True, slots=True)
class Cancelled:
    """How many jobs and conversions came to their end, and how many another submission wants."""

    submission: str
    jobs: int
    conversions: int
    kept: int


def cancel_jobs(session: Session, numbers: Sequence[int], why: str, now: datetime) -> None:
    """Cancel jobs by their numbers, all or none.

    Raises:
        NotFoundError: there is no such job.
        UsageError: one has come to its end already.
    """
    for number in numbers:
        job = find_job(session, number)
        if not moves.move_job(session, job.id, OPEN_JOBS, JobState.CANCELLED, now, why):
            raise UsageError(f"job {job.id} is {job.state} already: there is nothing to cancel")
        record_event(session, "cancelled", str(job.id), now, why=why)


def cancel_submission(session: Session, identifier: str, why: str, now: datetime) -> Cancelled:
    """Cancel the jobs and conversions of a submission; what a later one wants too becomes that one's.

    Args:
        session: in a transaction of its own.
        identifier: the id of the submission, or its first digits.
        why: stands with each job.
        now: the coordinator's clock.

    Raises:
        NotFoundError: there is no such submission.
        UsageError: several begin so.
    """
    submission = find_submission(session, identifier)
    conversions = (Conversion.submission_id == submission.id) & Conversion.state.in_(OPEN_CONVERSIONS)
    jobs = (Job.submission_id == submission.id) & Job.state.in_(OPEN_JOBS)
    kept = hand_over_conversions(session, conversions) + hand_over_jobs(session, jobs)
    done = Cancelled(
        submission=submission.id,
        jobs=moves.move_jobs(session, jobs, OPEN_JOBS, JobState.CANCELLED, now, why),
        conversions=end_conversions(session, conversions, ConversionState.CANCELLED, why),
        kept=kept,
    )
    for table in (Repeat, Probe):
        mine = table.submission_id == submission.id, table.state.in_(OPEN_CONVERSIONS)
        session.execute(update(table).where(*mine).values(state=ConversionState.FAILED))
    record_event(session, CANCELLED, submission.id, now, why=why, jobs=done.jobs, conversions=done.conversions)
    return done


def end_conversions(session: Session, chosen: ColumnElement[bool], state: ConversionState, why: str) -> int:
    """The chosen conversions come to their end before a converter has ended them, and with them what was to repeat them."""
    session.execute(
        update(Repeat)
        .where(Repeat.conversion_id.in_(select(Conversion.id).where(chosen)), Repeat.state.in_(OPEN_CONVERSIONS))
        .values(state=ConversionState.FAILED)
        .execution_options(synchronize_session="fetch")
    )
    result = session.execute(
        update(Conversion)
        .where(chosen)
        .values(state=state, outcome=None, cause=None, message=clipped(why, MAX_MESSAGE))
        .execution_options(synchronize_session="fetch")
    )
    return result.rowcount if isinstance(result, CursorResult) else 0


def find_job(session: Session, number: int) -> Job:
    """The job of that number; raises :class:`NotFoundError`."""
    job = session.get(Job, number)
    if job is None:
        known = session.scalars(select(Job.id).order_by(Job.id.desc()).limit(500))
        raise NotFoundError("job", str(number), map(str, known))
    return job


def find_submission(session: Session, identifier: str) -> Submission:
    """The submission whose id begins with ``identifier``; raises :class:`NotFoundError`, or :class:`UsageError` for several."""
    if (found := id_beginning(session, Submission.id, identifier, "submission")) is not None:
        return session.get_one(Submission, found)
    known = session.scalars(select(Submission.id).order_by(Submission.created.desc()).limit(100)).all()
    raise NotFoundError("submission", identifier, known)
