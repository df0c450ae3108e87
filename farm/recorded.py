"""What the database already knows of the repository's commits."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database.models import Architecture, Commit, Snapshot
from farm.errors import NotFoundError
from farm.git import Repository

NEAREST = 500


def find_commit(session: Session, repository: Repository, revision: str | None) -> str:
    """Key of the recorded commit that ``revision`` means.

    Without a revision: the working tree's own key where it is dirty and recorded, else the nearest recorded ancestor of HEAD.

    Raises:
        NotFoundError: nothing is recorded there.
    """
    if revision is not None:
        sha = repository.resolve(revision)
        if session.get(Commit, sha) is None:
            raise NotFoundError("recorded commit", f"{revision} ({sha[:10]})")
        return sha
    if repository.dirty() and session.get(Commit, key := repository.working_tree().key) is not None:
        return key
    ancestors = repository.ancestors("HEAD", NEAREST)
    recorded = set(session.scalars(select(Commit.key).where(Commit.key.in_(ancestors), has_snapshots())))
    for sha in ancestors:
        if sha in recorded:
            return sha
    raise NotFoundError("recorded commit", f"HEAD or one of its last {NEAREST} ancestors; run `farm submit --all` first")


def architecture_names(session: Session, commit: str) -> list[str]:
    """Names of all architectures of a recorded commit."""
    query = select(Architecture.name).join(Snapshot).where(Snapshot.commit == commit).distinct()
    return list(session.scalars(query))


def has_snapshots():  # type: ignore[no-untyped-def]
    """A commit that was submitted, not only named as somebody's last change."""
    return select(Snapshot.commit).where(Snapshot.commit == Commit.key).exists()
