"""Giving up attempts whose lease has run out, and the jobs that keep losing them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.clock import utc_now
from farm.coordinator import moves
from farm.database.engine import Database
from farm.database.models import Attempt, DeviceType, Job
from farm.database.outbox import notify
from farm.database.records import record_event
from farm.states.jobs import DROPPED, OPEN_ATTEMPTS, AttemptState, JobState, after_loss
from farm.states.notifications import Kind
from farm.units.conduct import note_loss


def sweep(database: Database, now: datetime | None = None) -> int:
    """Give up attempts whose lease has run out; returns how many."""
    at = now or utc_now()
    with database.write(in_turn=True) as session:
        expired = session.scalars(
            select(Attempt)
            .where(Attempt.state.in_(OPEN_ATTEMPTS), Attempt.lease_until < at)
            .order_by(Attempt.dispatched)
        ).all()
        for attempt in expired:
            attempt.state = _given_up(session, attempt)
            attempt.finished = at
            session.flush()
            if attempt.state == AttemptState.LOST:
                note_loss(session, attempt, at)
            _return_job(session, attempt, at)
    return len(expired)


def _given_up(session: Session, attempt: Attempt) -> AttemptState:
    if attempt.job.state in DROPPED:
        return AttemptState.ABANDONED
    if attempt.state == AttemptState.RUNNING or _passed_over(session, attempt):
        return AttemptState.LOST
    return AttemptState.UNCLAIMED


def _passed_over(session: Session, attempt: Attempt) -> bool:
    """Whether what was sent to the same queue after this was taken up: then its own message is in the queue no more."""
    later = (
        select(Attempt.id)
        .join(Job, Attempt.job_id == Job.id)
        .join(DeviceType, Job.device_type_id == DeviceType.id)
        .where(
            DeviceType.name == attempt.job.device_type.name,
            Attempt.addressed_id.is_not_distinct_from(attempt.addressed_id),
            Attempt.dispatched > attempt.dispatched,
            Attempt.device_id.is_not(None),
        )
        .limit(1)
    )
    return session.scalar(later) is not None


def _return_job(session: Session, attempt: Attempt, now: datetime) -> None:
    """Queue the job of a given up attempt again, or put it in quarantine, unless another attempt of it is under way."""
    states = [a.state for a in attempt.job.attempts]
    target: JobState | None = None
    if not any(state in OPEN_ATTEMPTS for state in states):
        target = after_loss(states.count(AttemptState.LOST))
        reason = _why(attempt) if target is JobState.QUEUED else _why_quarantined(attempt.job)
        if not moves.move_job(session, attempt.job_id, (JobState.DISPATCHED, JobState.RUNNING), target, now, reason):
            target = None
        elif target is JobState.QUARANTINED:
            _tell(session, attempt.job, reason, now)
    record_event(session, attempt.state, attempt.id, now, job=attempt.job_id, then=target or "nothing")


def _tell(session: Session, job: Job, reason: str, now: datetime) -> None:
    detail = {
        "architecture": job.architecture.key,
        "device": job.device_type.name,
        "commit": job.submission.commit,
        "submission": job.submission_id,
        "reason": reason,
    }
    notify(session, Kind.JOB_QUARANTINED, str(job.id), detail, now)


def _why(attempt: Attempt) -> str:
    if attempt.state == AttemptState.UNCLAIMED:
        return f"no unit took up attempt {attempt.n}"
    return f"attempt {attempt.n} was lost{_where(attempt)}"


def _why_quarantined(job: Job) -> str:
    lost = [a for a in job.attempts if a.state == AttemptState.LOST]
    return f"{len(lost)} attempts were lost: " + ", ".join(f"attempt {a.n}{_where(a)}" for a in lost)


def _where(attempt: Attempt) -> str:
    return f" on {attempt.device.unit}" if attempt.device else " before a unit said that it had begun it"
