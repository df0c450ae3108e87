"""Which recorded commit is meant by what a reader of the pages writes."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.commits.listing import list_commits
from farm.database import models as db
from farm.errors import NothingRecordedError
from farm.git import Repository
from farm.planning.recorded import NEAREST

#: As many digits of an id as no branch is likely to be named by.
_ID = re.compile(r"[0-9a-f]{7,}(\+[\w.]*)?")


def find_recorded(session: Session, repository: Repository, revision: str | None) -> str:
    """Key of the recorded commit that ``revision`` means: the beginning of a key, or a revision of the repository.

    A server is no place to work at: uncommitted changes in its files do not count. Without a revision it is the commit that is
    checked out there or its nearest recorded ancestor, and where there is none the newest that is recorded.

    Raises:
        NothingRecordedError: nothing was submitted there.
        UnknownRevisionError: the repository knows no such revision either.
    """
    if revision is None:
        return _at_head(session, repository) or _newest(session)
    if _ID.fullmatch(revision):
        begun = select(db.Snapshot.commit).where(db.Snapshot.commit.startswith(revision, autoescape=True)).distinct()
        keys = session.scalars(begun.order_by(db.Snapshot.commit).limit(2)).all()
        if len(keys) == 1 or revision in keys:  # a key can begin another one's: that of its uncommitted changes
            return keys[0]
    sha = repository.resolve(revision)
    if session.scalar(select(db.Snapshot.commit).where(db.Snapshot.commit == sha).limit(1)) is None:
        raise NothingRecordedError(f"nothing is recorded of {revision} ({sha[:10]})")
    return sha


def _at_head(session: Session, repository: Repository) -> str | None:
    ancestors = repository.ancestors("HEAD", NEAREST)
    recorded = set(session.scalars(select(db.Snapshot.commit).where(db.Snapshot.commit.in_(ancestors)).distinct()))
    return next((sha for sha in ancestors if sha in recorded), None)


def _newest(session: Session) -> str:
    found = list_commits(session, limit=1).commits
    if not found:
        raise NothingRecordedError("nothing is recorded yet; `farm submit` records")
    return found[0].key
