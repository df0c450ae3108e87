"""Which bundles are still needed, from the database alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from farm.database.models import Attempt, Bundle, Commit, Job, Snapshot, Submission
from farm.states.jobs import OPEN_ATTEMPTS, OPEN_JOBS, JobState

#: States of a job whose bundle somebody will fetch, or (quarantined) look into.
_WANTED_BY_JOBS = (*OPEN_JOBS, JobState.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept: bundles of the ``commits`` submitted last, bisections apart, of all within ``days``, of those in ``keep``.

    ``keep`` has full ids of commits. What is younger than ``grace`` is kept in any case, bundles and files in the store.
    """

    commits: int = 20
    days: float = 30.0
    grace: timedelta = timedelta(hours=24)
    keep: Sequence[str] = ()


def unneeded_bundles(session: Session, retention: Retention, now: datetime) -> list[Bundle]:
    """Bundles whose artifacts are in the store and may go.

    Needed are those of a kept commit, of an open or quarantined job, of an attempt that may be under way (whatever became of
    its job), and young ones.
    """
    newest = (
        select(Submission.commit)
        .where(Submission.devices.is_(None))  # a bisection asks for many, and none of them is new
        .group_by(Submission.commit)
        .order_by(func.max(Submission.created).desc(), Submission.commit)
        .limit(retention.commits)
    )
    recent = select(Submission.commit).where(Submission.created >= now - timedelta(days=retention.days))
    named = select(Commit.key).where(Commit.sha.in_(retention.keep))
    kept = or_(Snapshot.commit.in_(newest), Snapshot.commit.in_(recent), Snapshot.commit.in_(named))
    by_commit = select(Snapshot.bundle).where(Snapshot.bundle.is_not(None), kept)  # NOT IN a NULL is never true
    by_job = select(Job.bundle).where(Job.state.in_(_WANTED_BY_JOBS))
    by_attempt = select(Job.bundle).join(Attempt).where(Attempt.state.in_(OPEN_ATTEMPTS))
    query = (
        select(Bundle)
        .where(Bundle.collected.is_(None), Bundle.created < now - retention.grace)
        .where(~or_(*(Bundle.identity.in_(needed) for needed in (by_commit, by_job, by_attempt))))
        .order_by(Bundle.created, Bundle.identity)
    )
    return list(session.scalars(query))


def needed_artifacts(
    session: Session, files_of: Mapping[str, Sequence[str]], *, without: Sequence[str] = ()
) -> set[str]:
    """The sha256 of every artifact of a bundle that was not collected and is not in ``without``, manifests too.

    ``files_of`` has the files of bundles that were recorded without them (:func:`unlisted_bundles`).

    Raises:
        KeyError: it does not have them.
    """
    found, ignored = set[str](), set(without)
    query = select(Bundle.identity, Bundle.manifest, Bundle.files).where(Bundle.collected.is_(None))
    for identity, manifest, files in session.execute(query):
        if identity in ignored:
            continue
        found.update(files_of[identity] if files is None else files)
        found.add(manifest)
    return found


def unlisted_bundles(session: Session) -> list[Bundle]:
    """Bundles from before their files were recorded, not collected yet."""
    return list(session.scalars(select(Bundle).where(Bundle.collected.is_(None), Bundle.files.is_(None))))
