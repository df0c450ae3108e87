"""Letting a job out of quarantine: another one takes its place, and what is known of the first stays."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.coordinator.cancellation import find_job
from farm.database.models import Job
from farm.database.records import record_event
from farm.errors import UsageError
from farm.states.jobs import JobState


def release_job(session: Session, number: int, why: str, now: datetime) -> Job:
    """Queue anew what a quarantined job was to find out; returns the new job.

    Raises:
        NotFoundError: there is no such job.
        UsageError: it is in no quarantine, or has a successor.
    """
    job = find_job(session, number)
    if job.state != JobState.QUARANTINED:
        raise UsageError(f"job {job.id} is {job.state}, not in quarantine: there is nothing to release")
    if (successor := newer_job(session, job)) is not None:
        raise UsageError(f"job {job.id} has a successor already: job {successor.id}, {successor.state}")
    released = Job(
        submission_id=job.submission_id,
        bundle=job.bundle,
        architecture_id=job.architecture_id,
        device_type_id=job.device_type_id,
        policy=job.policy,
        state=JobState.QUEUED,
        priority=job.priority,
        created=now,
        since=now,
        reason=f"job {job.id} was released from quarantine: {why}",
        measure=job.measure,
        probe_id=job.probe_id,
    )
    session.add(released)
    session.flush()
    record_event(session, "released", str(job.id), now, why=why, job=released.id)
    return released


def newer_job(session: Session, job: Job) -> Job | None:
    """The newest job on the same bundle, device configuration and policy that was made after ``job``."""
    return session.scalar(
        select(Job)
        .where(
            Job.bundle == job.bundle,
            Job.device_type_id == job.device_type_id,
            Job.policy == job.policy,
            Job.id > job.id,
        )
        .order_by(Job.id.desc())
        .limit(1)
    )
