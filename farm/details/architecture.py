"""One architecture whole: its row at a commit, why it was selected, what it became, and what it was at the commits before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database import models as db
from farm.details.series import Series, series_of
from farm.errors import NotFoundError, NothingRecordedError, UsageError
from farm.inventory import Inventory
from farm.reading.job_list import ListedJob, newest_jobs
from farm.source.select import ChainLink
from farm.table.history import History, read_history
from farm.table.table import Row, build_table

#: Commits of which the history is shown.
COMMITS = 20


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """What the architecture became at the commit; ``collected`` is since when its artifacts may be gone."""

    identity: str
    graph: str
    weights: str
    samples: str
    manifest: str
    size_bytes: int
    parts: Mapping[str, str]
    ops: tuple[str, ...]
    resolutions: tuple[str, ...]
    toolchain: Mapping[str, str]
    created: datetime
    collected: datetime | None


@dataclass(frozen=True, slots=True)
class OtherBundle:
    """A bundle that the architecture had at other commits, the newest of which is named."""

    identity: str
    commit: str
    commits: int


@dataclass(frozen=True, slots=True)
class ArchitectureRecord:
    """All of one architecture at a commit.

    ``definition`` is the file and line of its own class or function, ``chain`` leads from there to what made it be selected.
    ``jobs`` are those that tell the state of a cell, by device type.
    """

    commit: str
    subject: str
    date: datetime
    dirty: bool
    row: Row
    closure: str
    definition: tuple[str, int]
    chain: tuple[ChainLink, ...]
    bundle: BundleFacts | None
    bundles: tuple[OtherBundle, ...]
    jobs: Mapping[str, ListedJob]
    history: History
    series: tuple[Series, ...]


def read_architecture(
    session: Session, inventory: Inventory, commit: str, kind: str, name: str, now: datetime, *, attended: bool
) -> ArchitectureRecord:
    """The architecture of that kind and name at a recorded commit, by its key.

    Raises:
        NothingRecordedError: nothing was submitted at the commit.
        NotFoundError: it has no such architecture; suggests near ones.
    """
    snapshot = session.scalar(
        select(db.Snapshot)
        .join(db.Snapshot.architecture)
        .where(db.Snapshot.commit == commit, db.Architecture.kind == kind, db.Architecture.name == name)
    )
    if snapshot is None:
        raise _unknown(session, commit, kind, name)
    (row,) = (row for row in build_table(session, commit, inventory, name).rows if row.kind == kind)
    state = session.get_one(db.Commit, commit)
    bundle = session.get(db.Bundle, snapshot.bundle) if snapshot.bundle else None
    jobs = newest_jobs(session, inventory, now, commit, kind, name, attended=attended)
    history = read_history(session, inventory, name, kind, COMMITS)
    return ArchitectureRecord(
        commit=commit,
        subject=state.subject,
        date=state.date,
        dirty=state.dirty,
        row=row,
        closure=snapshot.closure,
        definition=(snapshot.file, snapshot.line),
        chain=tuple(ChainLink(**link) for link in snapshot.chain),
        bundle=_facts(bundle) if bundle else None,
        bundles=_others(session, snapshot),
        jobs={device: job for device, job in jobs.items() if row.cells[device].state == job.state},
        history=history,
        series=series_of(history),
    )


def find_kind(session: Session, commit: str, name: str) -> str:
    """The kind of the only architecture of a name at a commit.

    Raises:
        NothingRecordedError, NotFoundError: as :func:`read_architecture`.
        UsageError: several kinds have the name.
    """
    query = (
        select(db.Architecture.kind)
        .join(db.Snapshot)
        .where(db.Snapshot.commit == commit, db.Architecture.name == name)
        .order_by(db.Architecture.id)
    )
    kinds = session.scalars(query).all()
    if not kinds:
        raise _unknown(session, commit, "", name)
    if len(kinds) > 1:
        raise UsageError(f"{name!r} is the name of several: say {' or '.join(f'{kind}:{name}' for kind in kinds)}")
    return kinds[0]


def _unknown(session: Session, commit: str, kind: str, name: str) -> Exception:
    query = select(db.Architecture).join(db.Snapshot).where(db.Snapshot.commit == commit)
    known = session.scalars(query).all()
    if not known:
        return NothingRecordedError(f"nothing is recorded of {commit[:80]}; `farm submit --all --commit` records it")
    if kind:
        return NotFoundError("architecture", f"{kind}:{name}", [architecture.key for architecture in known])
    return NotFoundError("architecture", name, [architecture.name for architecture in known])


def _facts(bundle: db.Bundle) -> BundleFacts:
    return BundleFacts(
        bundle.identity,
        bundle.graph,
        bundle.weights,
        bundle.samples,
        bundle.manifest,
        bundle.size_bytes,
        dict(bundle.parts),
        tuple(bundle.ops),
        tuple(sample.name for sample in bundle.sample_rows),
        dict(bundle.toolchain),
        bundle.created,
        bundle.collected,
    )


def _others(session: Session, snapshot: db.Snapshot) -> tuple[OtherBundle, ...]:
    """Other bundles of the architecture, the newest first."""
    query = (
        select(db.Snapshot.bundle, db.Commit.key)
        .join(db.Commit, db.Snapshot.commit == db.Commit.key)
        .where(db.Snapshot.architecture_id == snapshot.architecture_id, db.Snapshot.bundle.is_not(None))
        .order_by(db.Commit.date.desc(), db.Commit.dirty.desc(), db.Commit.recorded.desc())
    )
    commits: dict[str, list[str]] = {}
    for bundle, commit in session.execute(query):
        if bundle is not None and bundle != snapshot.bundle:
            commits.setdefault(bundle, []).append(commit)
    return tuple(OtherBundle(bundle, keys[0], len(keys)) for bundle, keys in commits.items())
