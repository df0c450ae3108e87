"""What a newer commit of a branch makes superfluous: that the architectures which it tests again are tested at an older one.

Only what still waits in the database is superseded. What a unit or a converter has begun comes to its end, and its result
stands at its own commit. Uncommitted changes, and commits that are no branch's newest, have no branch: they supersede nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from farm.coordinator import moves
from farm.coordinator.cancellation import end_conversions
from farm.coordinator.heirs import cancelled, hand_over_conversions, hand_over_jobs
from farm.database.models import Conversion, Job, Snapshot, Submission
from farm.database.records import record_event
from farm.states.conversions import ConversionState
from farm.states.jobs import JobState


def supersede(session: Session, newer: Submission, now: datetime) -> int:
    """End what waits for earlier submissions of the same branch on architectures that ``newer`` selects; how much that was.

    What ``newer`` wants itself, since the bundle is the same, stays; so do what is wanted on another branch, and what is to
    tell the cause of a regression.
    """
    if newer.branch is None:
        return 0
    again = select(Snapshot.architecture_id).where(Snapshot.commit == newer.commit, Snapshot.selected)
    return _supersede(session, newer, again, now)


def supersede_late(session: Session, submission: Submission, architecture_id: int, now: datetime) -> int:
    """The same for what was queued just now for an earlier submission: its conversion was at work when a newer one came."""
    if submission.branch is None:
        return 0
    newer = session.scalar(
        select(Submission)
        .join(Snapshot, Snapshot.commit == Submission.commit)
        .where(
            Snapshot.architecture_id == architecture_id,
            Snapshot.selected,
            Submission.branch == submission.branch,
            Submission.created > submission.created,
            Submission.commit != submission.commit,
            Submission.id.not_in(cancelled()),
        )
        .order_by(Submission.created.desc(), Submission.id)
        .limit(1)
    )
    return 0 if newer is None else _supersede(session, newer, [architecture_id], now)


def _supersede(session: Session, newer: Submission, architectures: Select[Any] | Sequence[int], now: datetime) -> int:
    older = select(Submission.id).where(_older(newer))
    why = f"superseded by {newer.commit[:10]} on {newer.branch}"
    conversions = (
        Conversion.submission_id.in_(older)
        & (Conversion.state == ConversionState.QUEUED)
        & (Conversion.commit != newer.commit)
        & Conversion.architecture_id.in_(architectures)
    )
    # Of an older commit it is wanted all the same what tells the cause of its failure, and the condition of a verdict.
    queued = (Job.state == JobState.QUEUED) & Job.addressed_id.is_(None) & Job.probe_id.is_(None)
    jobs = Job.submission_id.in_(older) & queued & Job.architecture_id.in_(architectures)
    hand_over_conversions(session, conversions, older)
    hand_over_jobs(session, jobs, older)
    ended = end_conversions(session, conversions, ConversionState.SUPERSEDED, why)
    ended += moves.move_jobs(session, jobs, (JobState.QUEUED,), JobState.SUPERSEDED, now, why)
    if ended:
        record_event(session, "superseded", newer.id, now, branch=newer.branch, ended=ended)
    return ended


def _older(newer: Submission) -> ColumnElement[bool]:
    """Earlier submissions of the same branch, those of the same commit included."""
    earlier = (Submission.created <= newer.created) & (Submission.id != newer.id)
    return (Submission.branch == newer.branch) & earlier
