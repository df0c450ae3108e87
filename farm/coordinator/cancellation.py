"""Taking back what was asked for: jobs by number, or all that a submission wants and nobody else does.

A unit or converter that is at work on it is not stopped; what it reports is dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from farm.conversion.states import OPEN_CONVERSIONS, ConversionState
from farm.coordinator import moves
from farm.coordinator.heirs import CANCELLED, heir_of_conversion, heir_of_job
from farm.coordinator.records import MAX_MESSAGE, clipped, record_event
from farm.coordinator.states import OPEN_JOBS, JobState
from farm.database.models import Conversion, Job, Repeat, Submission
from farm.errors import NotFoundError, UsageError

#: Digits of a submission's id that name it where no other begins so.
SHORTEST_ID = 4


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
    counts: Counter[str] = Counter()
    conversions = session.scalars(
        select(Conversion).where(Conversion.submission_id == submission.id, Conversion.state.in_(OPEN_CONVERSIONS))
    )
    for conversion in conversions.all():
        if (heir := heir_of_conversion(session, conversion, ())) is not None:
            conversion.submission_id = heir.id
            counts["kept"] += 1
        else:
            end_conversion(session, conversion, ConversionState.CANCELLED, why)
            counts["conversions"] += 1
    jobs = session.scalars(select(Job).where(Job.submission_id == submission.id, Job.state.in_(OPEN_JOBS)))
    for job in jobs.all():
        if (heir := heir_of_job(session, job, ())) is not None:
            job.submission_id = heir.id
            counts["kept"] += 1
        else:
            counts["jobs"] += moves.move_job(session, job.id, OPEN_JOBS, JobState.CANCELLED, now, why)
    session.execute(
        update(Repeat)
        .where(Repeat.submission_id == submission.id, Repeat.state.in_(OPEN_CONVERSIONS))
        .values(state=ConversionState.FAILED)
    )
    record_event(session, CANCELLED, submission.id, now, why=why, **counts)
    return Cancelled(submission.id, counts["jobs"], counts["conversions"], counts["kept"])


def end_conversion(session: Session, conversion: Conversion, state: ConversionState, why: str) -> None:
    """A conversion comes to its end before a converter has ended it, and with it what was to repeat it."""
    conversion.state, conversion.outcome, conversion.cause = state, None, None
    conversion.message = clipped(why, MAX_MESSAGE)
    session.execute(
        update(Repeat)
        .where(Repeat.conversion_id == conversion.id, Repeat.state.in_(OPEN_CONVERSIONS))
        .values(state=ConversionState.FAILED)
    )
    session.flush()


def find_job(session: Session, number: int) -> Job:
    """The job of that number; raises :class:`NotFoundError`."""
    job = session.get(Job, number)
    if job is None:
        raise NotFoundError("job", str(number))
    return job


def find_submission(session: Session, identifier: str) -> Submission:
    """The submission whose id begins with ``identifier``; raises :class:`NotFoundError`, or :class:`UsageError` for several."""
    found: Sequence[Submission] = ()
    if len(identifier) >= SHORTEST_ID and identifier.isalnum():
        found = session.scalars(select(Submission).where(Submission.id.startswith(identifier)).limit(2)).all()
    if len(found) > 1:
        raise UsageError(f"more than one submission begins with {identifier!r}; give more digits")
    if not found:
        known = session.scalars(select(Submission.id).order_by(Submission.created.desc()).limit(100)).all()
        raise NotFoundError("submission", identifier, known)
    return found[0]
