"""The support table at a commit: every architecture against every device type, with how each cell is known.

The rows are the commit's snapshots; a cell is the verdict on the snapshot's bundle for the device type's present configuration
and policy, on a stack that a unit has now. A bundle that was judged at another commit brings its verdict along. Where the
present bundle has none, what was observed on another stack, or the newest one of an earlier commit, is shown as stale;
"earlier" goes by the date of commits, the only order that the database knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session, aliased

from farm.database import models as db
from farm.database.among import among
from farm.database.parts import in_parts
from farm.garbage import without_collection
from farm.inventory import Inventory
from farm.states.cell import Cell
from farm.table.cells import Cells, Snapped
from farm.table.known import KnownVerdicts

KIND_ORDER = ("network", "backbone", "neck", "head", "attention", "block")

_ROWS = (
    select(
        db.Snapshot.commit, db.Snapshot.architecture_id, db.Snapshot.bundle, db.Snapshot.selected, db.Snapshot.reason,
        db.Snapshot.file, db.Architecture.name, db.Architecture.kind, db.Commit.key, db.Commit.date,
    )
    .join(db.Architecture, db.Snapshot.architecture_id == db.Architecture.id)
    .join(db.Commit, db.Snapshot.last_change == db.Commit.key)
)  # fmt: skip
_BUNDLES = select(db.Bundle.identity, db.Bundle.parts, db.Bundle.layers).where(among(db.Bundle.identity, "bundles"))


@dataclass(frozen=True, slots=True)
class Change:
    """The commit and date of an architecture's last change."""

    commit: str
    date: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One architecture of the commit; ``file`` is where its class is."""

    name: str
    kind: str
    parts: Mapping[str, str]
    layers: tuple[str, ...]
    last_change: Change
    selected: bool
    reason: str
    cells: Mapping[str, Cell]
    file: str = ""

    @property
    def family(self) -> str:
        """What it is written beside: ``resnet`` for all that ``models/networks/resnet.py`` has."""
        return PurePosixPath(self.file).stem

    @property
    def columns(self) -> dict[str, str | None]:
        """Network, backbone, neck and head names; at least one is filled, blocks and attention count by their own name."""
        columns: dict[str, str | None] = {k: self.parts.get(k) for k in ("network", "backbone", "neck", "head")}
        own = self.kind if self.kind in columns else "network"
        columns[own] = self.name
        return columns


@dataclass(frozen=True, slots=True)
class Table:
    """The whole table of a commit."""

    commit: str
    devices: tuple[str, ...]
    rows: tuple[Row, ...]


def build_table(session: Session, commit: str, inventory: Inventory, architecture: str | None = None) -> Table:
    """The table at ``commit`` (a key), of all architectures or of the one (or same-named ones) that is given."""
    asked = db.Architecture.name == architecture if architecture is not None else true()
    (made,) = _build(session, inventory, (commit,), asked)
    return made


def build_differing(session: Session, before: str, after: str, inventory: Inventory) -> tuple[Table, Table]:
    """The tables at two commits, without the rows that cannot differ in a result.

    Where an architecture has the same bundle at both, the same verdict is on it; only of what did not convert, or not twice
    alike, the commit itself has its own to say.
    """
    other = aliased(db.Snapshot)
    said = select(db.Conversion.architecture_id).where(
        db.Conversion.commit.in_((before, after)), db.Conversion.outcome.is_not(None)
    )
    same = (
        select(db.Snapshot.architecture_id)
        .join(other, (other.architecture_id == db.Snapshot.architecture_id) & (other.bundle == db.Snapshot.bundle))
        .where(db.Snapshot.commit == before, other.commit == after, db.Snapshot.architecture_id.not_in(said))
    )
    one, other_one = _build(session, inventory, (before, after), db.Architecture.id.not_in(same))
    return one, other_one


@without_collection()  # which takes a tenth of the time
def _build(
    session: Session, inventory: Inventory, commits: Sequence[str], asked: ColumnElement[bool]
) -> tuple[Table, ...]:
    """The tables at some commits, of the architectures that are asked for."""
    found: dict[str, list[Any]] = {commit: [] for commit in commits}
    for commit, *row in session.connection().execute(_ROWS.where(db.Snapshot.commit.in_(commits), asked)):
        found[commit].append(row)
    named = {bundle for rows in found.values() for _, bundle, *_ in rows if bundle}
    # Not joined: PostgreSQL would read all bundles that ever were for it.
    parts = (session.connection().execute(_BUNDLES, {"bundles": part}) for part in in_parts(named))
    bundles = {identity: (parts, tuple(layers)) for some in parts for identity, parts, layers in some}
    known = KnownVerdicts(session, inventory, named)
    return tuple(_table(known, commit, found[commit], bundles) for commit in commits)


def _table(
    known: KnownVerdicts,
    commit: str,
    found: Sequence[Any],
    bundles: Mapping[str, tuple[dict[str, str], tuple[str, ...]]],
) -> Table:
    snapshots = [Snapped(architecture, bundle) for architecture, bundle, *_ in found]
    cells = Cells(known, commit, snapshots)
    rows = []
    for snapshot, (_, bundle, selected, reason, file, name, kind, key, date) in zip(snapshots, found, strict=True):
        parts, layers = bundles[bundle] if bundle else ({}, ())
        rows.append(Row(name, kind, parts, layers, Change(key, date), selected, reason, cells.row(snapshot), file))
    rows.sort(key=lambda row: (KIND_ORDER.index(row.kind), row.name))
    return Table(commit, tuple(known.devices), tuple(rows))
