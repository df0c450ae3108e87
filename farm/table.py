"""The support table at a commit: every architecture against every device type, with how each cell is known.

The rows are the commit's snapshots; a cell is the verdict on the snapshot's bundle for the device type's present configuration
and policy. A bundle that was judged at another commit brings its verdict along. Where the present bundle has none, the newest
one of an earlier commit is shown as stale; "earlier" goes by the date of commits, the only order that the database knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, joinedload

from farm.conversion.states import ConversionState
from farm.coordinator.states import JobState
from farm.coordinator.verdict import Provenance, Verdict
from farm.database import models as db
from farm.inventory import Inventory
from workers.outcome import Group, Outcome

KIND_ORDER = ("network", "backbone", "neck", "head", "attention", "block")


@dataclass(frozen=True, slots=True)
class Resolution:
    """One sample of a cell; the worst figures over its outputs."""

    sample: str
    outcome: Outcome
    max_abs_error: float | None
    sqnr_db: float | None
    margin: float | None
    latency_ms: float | None
    message: str


@dataclass(frozen=True, slots=True)
class Layer:
    """The first divergent layer of a cell."""

    value: str
    op: str
    module: str
    error: float
    introduced_here: bool | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """The commit and date of an architecture's last change."""

    commit: str
    date: datetime


@dataclass(frozen=True, slots=True)
class Cell:
    """What is known of one architecture on one device type. ``state`` says what is under way, empty where nothing is."""

    device: str
    verdict: Verdict
    provenance: Provenance
    outcome: Outcome | None = None
    cause: str | None = None
    message: str = ""
    resolutions: tuple[Resolution, ...] = ()
    unsupported: tuple[str, ...] = ()
    first_divergent_layer: Layer | None = None
    attempt: str | None = None
    commit: str | None = None
    state: str = ""

    @property
    def max_abs_error(self) -> float | None:
        return max(_known(r.max_abs_error for r in self.resolutions), default=None)

    @property
    def sqnr_db(self) -> float | None:
        return min(_known(r.sqnr_db for r in self.resolutions), default=None)

    @property
    def margin(self) -> float | None:
        return min(_known(r.margin for r in self.resolutions), default=None)

    @property
    def latency_ms(self) -> float | None:
        return max(_known(r.latency_ms for r in self.resolutions), default=None)


@dataclass(frozen=True, slots=True)
class Row:
    """One architecture of the commit."""

    name: str
    kind: str
    parts: Mapping[str, str]
    layers: tuple[str, ...]
    last_change: Change
    selected: bool
    reason: str
    cells: Mapping[str, Cell]

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
    query = (
        select(db.Snapshot, db.Bundle, db.Commit)
        .join(db.Architecture)
        .outerjoin(db.Bundle, db.Snapshot.bundle == db.Bundle.identity)
        .join(db.Commit, db.Snapshot.last_change == db.Commit.key)
        .where(db.Snapshot.commit == commit)
        .options(joinedload(db.Snapshot.architecture))
    )
    if architecture is not None:
        query = query.where(db.Architecture.name == architecture)
    found = session.execute(query).all()
    cells = _Cells(session, commit, inventory, [snapshot for snapshot, _, _ in found])
    rows = [
        Row(
            name=snapshot.architecture.name,
            kind=snapshot.architecture.kind,
            parts=bundle.parts if bundle else {},
            layers=tuple(bundle.layers) if bundle else (),
            last_change=Change(change.key, change.date),
            selected=snapshot.selected,
            reason=snapshot.reason,
            cells={device: cells.cell(snapshot, device) for device in inventory.devices},
        )
        for snapshot, bundle, change in found
    ]
    rows.sort(key=lambda row: (KIND_ORDER.index(row.kind), row.name))
    return Table(commit, tuple(inventory.devices), tuple(rows))


class _Cells:
    """All that the cells of some snapshots need, fetched in a handful of queries."""

    def __init__(self, session: Session, commit: str, inventory: Inventory, snapshots: Sequence[db.Snapshot]) -> None:
        self._session, self._commit, self._inventory = session, commit, inventory
        self._types = {
            (t.name, t.configuration): t.id
            for t in session.scalars(select(db.DeviceType).where(db.DeviceType.name.in_(inventory.devices)))
        }
        self._verdicts = self._fetch_verdicts({s.bundle for s in snapshots if s.bundle})
        self._jobs = self._fetch_states({s.bundle for s in snapshots if s.bundle})
        self._conversions = {
            c.architecture_id: c for c in session.scalars(select(db.Conversion).where(db.Conversion.commit == commit))
        }
        self._stale = self._fetch_stale([s for s in snapshots if self._lacks_a_verdict(s)])

    def cell(self, snapshot: db.Snapshot, device: str) -> Cell:
        """The cell of one snapshot on one device type."""
        key = self._key(device)
        conversion = self._conversions.get(snapshot.architecture_id)
        state = self._state(snapshot.bundle, key, conversion)
        if snapshot.bundle is None and conversion is not None and conversion.outcome is not None:
            return self._not_converted(conversion, conversion.outcome, device)
        if key and (verdict := self._verdicts.get((snapshot.bundle, *key))):
            return replace(_observed(verdict, device, self._commit), state=state)
        if key and (verdict := self._stale.get((snapshot.architecture_id, *key))):
            return replace(_observed(verdict, device, self._commit), provenance=Provenance.STALE, state=state)
        return Cell(device, Verdict.MISSING, Provenance.NEVER, state=state)

    def _key(self, device: str) -> tuple[int, str] | None:
        configured = self._inventory.device(device).configuration
        type_id = self._types.get((device, configured))
        return (type_id, self._inventory.policy_of(device).key) if type_id is not None else None

    def _lacks_a_verdict(self, snapshot: db.Snapshot) -> bool:
        keys = [self._key(device) for device in self._inventory.devices]
        return any(key is not None and (snapshot.bundle, *key) not in self._verdicts for key in keys)

    def _state(self, bundle: str | None, key: tuple[int, str] | None, conversion: db.Conversion | None) -> str:
        if conversion is not None and ConversionState(conversion.state).open:
            return f"conversion {conversion.state}"
        return self._jobs.get((bundle, *key), "") if bundle and key else ""

    def _not_converted(self, conversion: db.Conversion, said: str, device: str) -> Cell:
        outcome = Outcome(said)
        return Cell(
            device,
            Verdict.FAILED if outcome.group is Group.PRODUCT else Verdict.NO_VERDICT,
            Provenance.OBSERVED,
            outcome,
            conversion.cause,
            conversion.message,
            commit=self._commit,
        )

    def _fetch_states(self, bundles: Iterable[str]) -> dict[tuple[str, int, str], str]:
        """State of the newest job for each verdict that is wanted, where it is under way or was given up."""
        query = select(db.Job).where(db.Job.bundle.in_(list(bundles))).order_by(db.Job.id)
        newest = {
            (job.bundle, job.device_type_id, job.policy): JobState(job.state) for job in self._session.scalars(query)
        }
        return {key: state.value for key, state in newest.items() if state.open or state is JobState.QUARANTINED}

    def _fetch_verdicts(self, bundles: Iterable[str]) -> dict[tuple[str | None, int, str], db.Verdict]:
        query = (
            select(db.Verdict)
            .where(db.Verdict.bundle.in_(list(bundles)))
            .options(
                joinedload(db.Verdict.attempt).joinedload(db.Attempt.job).joinedload(db.Job.submission),
                joinedload(db.Verdict.attempt).selectinload(db.Attempt.cases).selectinload(db.CaseResult.tensors),
                joinedload(db.Verdict.attempt).selectinload(db.Attempt.cases).selectinload(db.CaseResult.layer),
            )
        )
        return {(v.bundle, v.device_type_id, v.policy): v for v in self._session.scalars(query)}

    def _fetch_stale(self, snapshots: Sequence[db.Snapshot]) -> dict[tuple[int, int, str], db.Verdict]:
        """By architecture, device type and policy: the newest verdict at commits that are not newer than the one shown."""
        if not snapshots:
            return {}
        query = (
            select(db.Snapshot.architecture_id, db.Verdict.device_type_id, db.Verdict.policy, db.Verdict.bundle)
            .join(db.Commit, db.Snapshot.commit == db.Commit.key)
            .join(db.Verdict, db.Verdict.bundle == db.Snapshot.bundle)
            .where(
                db.Snapshot.architecture_id.in_([s.architecture_id for s in snapshots]),
                db.Verdict.device_type_id.in_(self._types.values()),
                db.Verdict.verdict != Verdict.NO_VERDICT,
                _not_newer(self._session.get_one(db.Commit, self._commit)),
            )
            .order_by(db.Commit.date, db.Commit.dirty, db.Commit.recorded)
        )
        newest = {(a, t, p): bundle for a, t, p, bundle in self._session.execute(query)}
        verdicts = self._fetch_verdicts(set(newest.values()))
        return {(a, t, p): verdicts[bundle, t, p] for (a, t, p), bundle in newest.items()}


def _not_newer(shown: db.Commit) -> ColumnElement[bool]:
    """Uncommitted changes have the date of the commit that they are made on; they are newer than it."""
    same = db.Commit.date == shown.date
    return (db.Commit.date < shown.date) | (same if shown.dirty else same & ~db.Commit.dirty)


def _observed(verdict: db.Verdict, device: str, commit: str) -> Cell:
    attempt = verdict.attempt
    at = attempt.job.submission.commit
    layers = [case.layer for case in attempt.cases if case.layer]
    return Cell(
        device=device,
        verdict=Verdict(verdict.verdict),
        provenance=Provenance.OBSERVED if at == commit else Provenance.INHERITED,
        outcome=Outcome(verdict.outcome),
        cause=verdict.cause,
        message=attempt.message,
        resolutions=tuple(_resolution(case) for case in attempt.cases),
        unsupported=tuple(attempt.unsupported),
        first_divergent_layer=_layer(layers[0]) if layers else None,
        attempt=attempt.id,
        commit=at,
    )


def _resolution(case: db.CaseResult) -> Resolution:
    return Resolution(
        sample=case.sample,
        outcome=Outcome(case.outcome),
        max_abs_error=max((t.max_abs_error for t in case.tensors), default=None),
        sqnr_db=min((t.sqnr_db for t in case.tensors), default=None),
        margin=min((t.margin for t in case.tensors), default=None),
        latency_ms=case.latency_ms,
        message=case.message,
    )


def _layer(layer: db.LayerError) -> Layer:
    return Layer(layer.value, layer.op, layer.module, layer.error, layer.introduced_here, layer.source)


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
