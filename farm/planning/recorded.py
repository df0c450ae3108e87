"""What the database already knows of the repository's commits."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database.models import Architecture, Commit, Snapshot, Submission
from farm.errors import NothingRecordedError
from farm.git import Repository

NEAREST = 500


def find_commit(session: Session, repository: Repository, revision: str | None) -> str:
    """Key of the recorded commit that ``revision`` means.

    A recorded key of uncommitted changes means itself. Without a revision: the working tree's own key where it is dirty and
    recorded, else the nearest recorded ancestor of HEAD.

    Raises:
        NothingRecordedError: nothing was submitted there.
    """
    if revision is not None:
        if "+" in revision and _submitted(session, revision):
            return revision
        sha = repository.resolve(revision)
        if not _submitted(session, sha):
            raise NothingRecordedError(
                f"nothing is recorded of {revision} ({sha[:10]}); run `farm submit --all --commit {revision}`"
            )
        return sha
    if repository.dirty() and _submitted(session, key := repository.working_tree().key):
        return key
    ancestors = repository.ancestors("HEAD", NEAREST)
    recorded = set(session.scalars(select(Snapshot.commit).where(Snapshot.commit.in_(ancestors)).distinct()))
    for sha in ancestors:
        if sha in recorded:
            return sha
    raise NothingRecordedError(
        f"nothing is recorded of HEAD or of its last {NEAREST} ancestors; run `farm submit --all` first"
    )


def last_submitted(session: Session) -> str | None:
    """Full id of the commit that was submitted last, uncommitted changes apart: these cannot be looked up again.

    Narrow submissions are questions about commits of the past.
    """
    query = select(Commit.sha).join(Submission, Submission.commit == Commit.key)
    query = query.where(~Commit.dirty, Submission.devices.is_(None))
    return session.scalar(query.order_by(Submission.created.desc(), Submission.id).limit(1))


def architecture_names(session: Session, commit: str) -> list[str]:
    """Names of all architectures of a recorded commit."""
    query = select(Architecture.name).join(Snapshot).where(Snapshot.commit == commit).distinct()
    return list(session.scalars(query))


def _submitted(session: Session, commit: str) -> bool:
    """Whether a commit was submitted, not only named as somebody's last change."""
    return session.scalar(select(Snapshot.commit).where(Snapshot.commit == commit).limit(1)) is not None
