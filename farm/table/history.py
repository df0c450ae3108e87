"""What the table said of one architecture at every commit that was submitted, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database import models as db
from farm.errors import NotFoundError, NothingRecordedError, UsageError
from farm.inventory import Inventory
from farm.table.table import Row, build_table


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit: its key, subject and date, and the architecture's row of its table."""

    commit: str
    subject: str
    date: datetime
    row: Row

    @property
    def changed(self) -> bool:
        """Whether the architecture's code changed with this commit."""
        return self.row.last_change.commit == self.commit


@dataclass(frozen=True, slots=True)
class History:
    """The newest entries of an architecture, by the date of the commits; ``older`` is how many more there are."""

    name: str
    kind: str
    devices: tuple[str, ...]
    entries: tuple[Entry, ...]
    older: int


def read_history(session: Session, inventory: Inventory, name: str, kind: str | None, limit: int) -> History:
    """The ``limit`` newest entries. Commits of all branches count, the database knows no other order than their dates.

    Args:
        session: to read with.
        inventory: whose devices, policies and stacks the verdicts are for, as in :func:`farm.table.table.build_table`.
        name: of the architecture.
        kind: where two levels have the name, which one; ``None`` for the only one.
        limit: number of commits.

    Raises:
        NothingRecordedError: no commit was submitted.
        NotFoundError: no commit that was submitted has an architecture of the name, or of the name and kind.
        UsageError: several have the name, and none is chosen.
    """
    architecture = _architecture(session, name, kind)
    query = (
        select(db.Commit)
        .join(db.Snapshot, db.Snapshot.commit == db.Commit.key)
        .where(db.Snapshot.architecture_id == architecture.id)
        .order_by(db.Commit.date.desc(), db.Commit.dirty.desc(), db.Commit.recorded.desc())
    )
    commits = session.scalars(query).all()
    entries = []
    for commit in commits[:limit]:
        rows = build_table(session, commit.key, inventory, name).rows
        (row,) = (row for row in rows if row.kind == architecture.kind)
        entries.append(Entry(commit.key, commit.subject, commit.date, row))
    return History(name, architecture.kind, tuple(inventory.devices), tuple(entries), len(commits) - len(entries))


def _architecture(session: Session, name: str, kind: str | None) -> db.Architecture:
    recorded = select(db.Snapshot.architecture_id).distinct()
    known = select(db.Architecture).where(db.Architecture.id.in_(recorded))
    named = session.scalars(known.where(db.Architecture.name == name).order_by(db.Architecture.id)).all()
    found = [architecture for architecture in named if kind in (None, architecture.kind)]
    if not named:
        query = select(db.Architecture.name).where(db.Architecture.id.in_(recorded)).distinct()
        if not (names := session.scalars(query).all()):
            raise NothingRecordedError("nothing is recorded yet; run `farm submit --all` first")
        raise NotFoundError("architecture", name, names)
    if not found:
        raise NotFoundError("architecture", f"{kind}:{name}", [a.key for a in named])
    if len(found) > 1:
        raise UsageError(f"{name!r} is the name of several: say --kind {' or '.join(a.kind for a in found)}")
    return found[0]
