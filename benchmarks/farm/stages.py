"""Where the seconds from a commit to its last verdict went, by what the database has recorded."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.database.engine import Database
from farm.database.models import Attempt, Conversion, Job, Submission

STAGES = ("plan", "wait_converter", "convert", "wait_device", "replay")


def critical(database: Database, began: datetime) -> tuple[str, dict[str, float]]:
    """The architecture whose verdict came last in the newest submission, and the seconds of each stage until then.

    The stages follow one another without a gap: ``plan`` from ``began`` until the submission is entered (git, selection),
    ``wait_converter`` until its conversion is claimed, ``convert`` until its job is queued (what is converted before it in the
    batch, too), ``wait_device`` until its attempt is sent, ``replay`` until its report is merged: the message, the child
    process, three resolutions, the report.

    Raises:
        LookupError: no attempt of the submission has been reported.
    """
    with database.read() as session:
        submission = _newest(session)
        of_it = select(Attempt).join(Job, Attempt.job_id == Job.id).where(Job.submission_id == submission.id)
        last = session.scalars(of_it.where(Attempt.finished.is_not(None)).order_by(Attempt.finished.desc())).first()
        if last is None:
            raise LookupError("no attempt of the submission has been reported: its change altered no bundle")
        conversion = session.scalars(
            select(Conversion).where(
                Conversion.submission_id == submission.id, Conversion.architecture_id == last.job.architecture_id
            )
        ).one()
        assert conversion.claimed is not None
        assert last.finished is not None
        times = [began, submission.created, conversion.claimed, last.job.created, last.dispatched, last.finished]
        name = last.job.architecture.name
    return name, {stage: (b - a).total_seconds() for stage, a, b in zip(STAGES, times, times[1:], strict=False)}


def replaying_s(database: Database) -> float:
    """Seconds of the newest submission from the first attempt that was sent to the last report that was merged."""
    with database.read() as session:
        times = select(func.min(Attempt.dispatched), func.max(Attempt.finished)).join(Job, Attempt.job_id == Job.id)
        first, last = session.execute(times.where(Job.submission_id == _newest(session).id)).one()
    return float((last - first).total_seconds())


def _newest(session: Session) -> Submission:
    return session.scalars(select(Submission).order_by(Submission.created.desc()).limit(1)).one()
