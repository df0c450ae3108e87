"""Who else wants what one submission does not want any more: a job or conversion that two asked for is there once."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from farm.database.models import Conversion, Event, Job, Snapshot, Submission

CANCELLED = "submission cancelled"


def heir_of_job(session: Session, job: Job, without: Collection[str]) -> Submission | None:
    """The first submission, but those ``without``, that found the job there when it wanted it."""
    selected = (Snapshot.commit == Submission.commit) & (Snapshot.architecture_id == job.architecture_id)
    query = select(Submission).join(Snapshot, selected).where(Snapshot.bundle == job.bundle, Snapshot.selected)
    return session.scalar(_later(query, job.submission, without))


def heir_of_conversion(session: Session, conversion: Conversion, without: Collection[str]) -> Submission | None:
    """The first submission of the same commit, but those ``without``, that found the conversion there when it wanted it."""
    selected = (Snapshot.commit == Submission.commit) & (Snapshot.architecture_id == conversion.architecture_id)
    query = select(Submission).join(Snapshot, selected)
    query = query.where(Submission.commit == conversion.commit, Snapshot.selected)
    return session.scalar(_later(query, session.get_one(Submission, conversion.submission_id), without))


def _later(query: Select[Submission], than: Submission, without: Collection[str]) -> Select[Submission]:
    cancelled = select(Event.subject).where(Event.kind == CANCELLED)
    return (
        query.where(
            Submission.created >= than.created,
            Submission.id.not_in([than.id, *without]),
            Submission.id.not_in(cancelled),
        )
        .order_by(Submission.created, Submission.id)
        .limit(1)
    )
