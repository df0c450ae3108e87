"""The commits that were submitted, the newest first: what each selected, when and for what it was submitted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, cast, func, literal, select, tuple_
from sqlalchemy.orm import Session

from farm.database import models as db
from farm.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class ListedCommit:
    """A commit, or a state with uncommitted changes. ``selected`` of its ``architectures`` were, by one submission or several.

    ``submitted`` is when the last one came, for ``branch`` if it named any.
    """

    key: str
    sha: str
    dirty: bool
    subject: str
    date: datetime
    submitted: datetime
    branch: str | None
    architectures: int
    selected: int


@dataclass(frozen=True, slots=True)
class Commits:
    """Some commits; there is ``more`` where older ones are left out."""

    commits: tuple[ListedCommit, ...]
    more: bool


#: Uncommitted changes have the date of the commit that they are made on; they are newer than it.
_ORDER = (db.Commit.date, db.Commit.dirty, db.Commit.recorded, db.Commit.key)

_SUBMITTED = select(db.Snapshot.commit).where(db.Snapshot.commit == db.Commit.key).exists()


def list_commits(session: Session, *, limit: int, before: str | None = None) -> Commits:
    """The newest ``limit`` commits by their dates, the only order that the database knows; with ``before``, older ones only.

    Raises:
        NotFoundError: ``before`` is no recorded commit.
    """
    found = _newest(session, limit + 1, before)
    keys = [commit.key for commit, _ in found[:limit]]
    counts = _counts(session, keys)
    branches = _branches(session, keys)
    listed = tuple(
        ListedCommit(
            key=commit.key,
            sha=commit.sha,
            dirty=commit.dirty,
            subject=commit.subject,
            date=commit.date,
            submitted=created,
            branch=branches.get(commit.key),
            architectures=counts[commit.key][0],
            selected=counts[commit.key][1],
        )
        for commit, created in found[:limit]
    )
    return Commits(listed, more=len(found) > limit)


def newest_commits(session: Session, *, limit: int) -> list[db.Commit]:
    """The same ones themselves, where nothing is to be said of what they selected: that is to count thousands of rows."""
    return [commit for commit, _ in _newest(session, limit, None)]


def read_commit(session: Session, key: str) -> db.Commit:
    """A commit that was submitted.

    Raises:
        NotFoundError: none of this key was.
    """
    found = session.scalar(select(db.Commit).where(db.Commit.key == key, _SUBMITTED))
    if found is None:
        raise NotFoundError("recorded commit", key)
    return found


def recorded_among(session: Session, keys: Collection[str]) -> frozenset[str]:
    """Those of some commits that were submitted; others are known as somebody's last change only."""
    query = select(db.Commit.key).where(db.Commit.key.in_(keys), _SUBMITTED)
    return frozenset(session.scalars(query))


def predecessor(session: Session, key: str) -> str | None:
    """The commit that was submitted and is the next older one by its date; ``None`` for the first."""
    found = _newest(session, 1, key)
    return found[0][0].key if found else None


def _newest(session: Session, limit: int, before: str | None) -> list[tuple[db.Commit, datetime]]:
    """Commits, the newest first, and when each was submitted last."""
    last = func.max(db.Submission.created)
    submitted = select(db.Submission.commit, last.label("created")).group_by(db.Submission.commit).subquery()
    query = (
        select(db.Commit, submitted.c.created).join(submitted, submitted.c.commit == db.Commit.key).where(_SUBMITTED)
    )
    if before is not None:
        query = query.where(_older(read_commit(session, before)))
    rows = session.execute(query.order_by(*(column.desc() for column in _ORDER)).limit(limit))
    return [(commit, created) for commit, created in rows]


def _older(than: db.Commit) -> ColumnElement[bool]:
    values = (than.date, than.dirty, than.recorded, than.key)
    return tuple_(*_ORDER) < tuple_(
        *(literal(value, column.type) for value, column in zip(values, _ORDER, strict=True))
    )


def _counts(session: Session, keys: list[str]) -> dict[str, tuple[int, int]]:
    """Number of architectures, and of those selected, by commit."""
    query = (
        select(db.Snapshot.commit, func.count(), func.sum(cast(db.Snapshot.selected, Integer)))
        .where(db.Snapshot.commit.in_(keys))
        .group_by(db.Snapshot.commit)
    )
    return {commit: (total, selected) for commit, total, selected in session.execute(query)}


def _branches(session: Session, keys: list[str]) -> dict[str, str]:
    """The branch of the newest submission that named one, by commit."""
    query = (
        select(db.Submission.commit, db.Submission.branch)
        .where(db.Submission.commit.in_(keys), db.Submission.branch.is_not(None))
        .order_by(db.Submission.created, db.Submission.id)
    )
    return {commit: branch for commit, branch in session.execute(query) if branch}
