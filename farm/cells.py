"""The cells of a commit's snapshots, fetched from the database in a handful of queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, joinedload, selectinload

from farm.cell import Cell, Layer, Resolution, Source
from farm.conversion.states import DROPPED_CONVERSIONS, ConversionState
from farm.coordinator.inheritance import Standing, current, stack_changes, stale
from farm.coordinator.stacks import present_stacks
from farm.coordinator.standings import standing
from farm.coordinator.states import DROPPED, JobState
from farm.coordinator.verdict import Provenance, Verdict
from farm.database import models as db
from farm.inventory import Inventory
from farm.prediction.records import Predictor
from workers.outcome import Group, Outcome

ByStack = dict[tuple[str | None, int, str], dict[str, db.Verdict]]
Rule = Callable[[Sequence[Standing], Sequence[str]], Standing | None]


class Cells:
    """All that the cells of some snapshots need, fetched in a handful of queries."""

    def __init__(self, session: Session, commit: str, inventory: Inventory, snapshots: Sequence[db.Snapshot]) -> None:
        self._session, self._commit, self._inventory = session, commit, inventory
        self._types = {
            (t.name, t.configuration): t.id
            for t in session.scalars(select(db.DeviceType).where(db.DeviceType.name.in_(inventory.devices)))
        }
        self._present = {
            type_id: present_stacks(session, type_id, inventory.device(name).units)
            for (name, configuration), type_id in self._types.items()
            if configuration == inventory.device(name).configuration
        }
        self._stacks = {s.hash: dict(s.fingerprint) for s in session.scalars(select(db.Stack))}
        self._current = self._choose(current, self._fetch_verdicts({s.bundle for s in snapshots if s.bundle}))
        self._jobs = self._fetch_states({s.bundle for s in snapshots if s.bundle})
        self._conversions = {
            c.architecture_id: c for c in session.scalars(select(db.Conversion).where(db.Conversion.commit == commit))
        }
        lacking = [s for s in snapshots if self._lacks_a_verdict(s)]
        self._stale = self._fetch_stale(lacking)
        self._attempts = self._fetch_attempts([*self._current.values(), *self._stale.values()])
        self._predictor = Predictor(session, {s.bundle for s in lacking if s.bundle})

    def cell(self, snapshot: db.Snapshot, device: str) -> Cell:
        """The cell of one snapshot on one device type."""
        key = self._key(device)
        conversion = self._conversions.get(snapshot.architecture_id)
        state = self._state(snapshot.bundle, key, conversion)
        if conversion is not None and conversion.outcome is not None:
            differs = conversion.outcome == Outcome.NONDETERMINISTIC  # then a verdict on one of its bundles says little
            if snapshot.bundle is None or differs:
                return self._not_converted(conversion, conversion.outcome, device)
        if key and (verdict := self._current.get((snapshot.bundle, *key))):
            return replace(self._observed(verdict, device), state="" if state in DROPPED else state)
        if key and (verdict := self._stale.get((snapshot.architecture_id, *key))):
            return replace(self._observed(verdict, device), provenance=Provenance.STALE, state=state)
        if (
            key
            and snapshot.bundle
            and (prediction := self._predictor.predict(snapshot.bundle, *key, self._present.get(key[0], ())))
        ):
            return Cell(device, Verdict.MISSING, Provenance.PREDICTED, state=state, prediction=prediction)
        return Cell(device, Verdict.MISSING, Provenance.NEVER, state=state)

    def _key(self, device: str) -> tuple[int, str] | None:
        configured = self._inventory.device(device).configuration
        type_id = self._types.get((device, configured))
        return (type_id, self._inventory.policy_of(device).key) if type_id is not None else None

    def _lacks_a_verdict(self, snapshot: db.Snapshot) -> bool:
        keys = [self._key(device) for device in self._inventory.devices]
        return any(key is not None and (snapshot.bundle, *key) not in self._current for key in keys)

    def _state(self, bundle: str | None, key: tuple[int, str] | None, conversion: db.Conversion | None) -> str:
        if conversion is not None:
            state = ConversionState(conversion.state)
            if state.open or (bundle is None and state in DROPPED_CONVERSIONS):
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
        """State of the newest job for each verdict that is wanted, where it is under way, or ended without having run."""
        query = select(db.Job).where(db.Job.bundle.in_(list(bundles))).order_by(db.Job.id)
        newest = {
            (job.bundle, job.device_type_id, job.policy): JobState(job.state) for job in self._session.scalars(query)
        }
        return {key: state.value for key, state in newest.items() if state is not JobState.DONE}

    def _fetch_verdicts(self, bundles: Iterable[str]) -> ByStack:
        """By bundle, device type and policy: the verdicts by stack, without their evidence."""
        found: ByStack = {}
        for v in self._session.scalars(select(db.Verdict).where(db.Verdict.bundle.in_(list(bundles)))):
            found.setdefault((v.bundle, v.device_type_id, v.policy), {})[v.stack] = v
        return found

    def _choose(self, rule: Rule, verdicts: ByStack) -> dict[tuple[str | None, int, str], db.Verdict]:
        """Of the verdicts on each stack, the one that a rule takes, where it takes one."""
        chosen = {}
        for key, known in verdicts.items():
            found = rule([standing(verdict) for verdict in known.values()], self._present.get(key[1], ()))
            if found is not None:
                chosen[key] = known[found.stack]
        return chosen

    def _fetch_attempts(self, verdicts: Iterable[db.Verdict]) -> dict[str, db.Attempt]:
        """By id: the attempts that verdicts quote, and those that measured for them, with their cases."""
        ids = {i for verdict in verdicts for i in (verdict.attempt_id, verdict.measured_id) if i}
        query = (
            select(db.Attempt)
            .where(db.Attempt.id.in_(ids))
            .options(
                joinedload(db.Attempt.job).joinedload(db.Job.submission),
                joinedload(db.Attempt.device),
                selectinload(db.Attempt.cases).selectinload(db.CaseResult.tensors),
                selectinload(db.Attempt.cases).selectinload(db.CaseResult.layer),
            )
        )
        return {attempt.id: attempt for attempt in self._session.scalars(query)}

    def _fetch_stale(self, snapshots: Sequence[db.Snapshot]) -> dict[tuple[int, int, str], db.Verdict]:
        """By architecture, device type and policy: the newest verdict at commits that are not newer than the one shown.

        On whatever stack: that of the commit shown itself is among them where its stack is gone.
        """
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
        best = self._choose(stale, self._fetch_verdicts(set(newest.values())))
        return {(a, t, p): best[bundle, t, p] for (a, t, p), bundle in newest.items()}

    def _observed(self, verdict: db.Verdict, device: str) -> Cell:
        attempt = self._attempts[verdict.attempt_id]
        measured = self._attempts[verdict.measured_id] if verdict.measured_id else None
        at = attempt.job.submission
        layers = [case.layer for case in attempt.cases if case.layer]
        times = {case.sample: case.latency_ms for case in measured.cases} if measured else {}
        present = self._present.get(verdict.device_type_id, ())
        stack = self._stacks.get(verdict.stack, {})
        gone = bool(present) and verdict.stack not in present
        return Cell(
            device=device,
            verdict=Verdict(verdict.verdict),
            provenance=Provenance.OBSERVED if at.commit == self._commit else Provenance.INHERITED,
            outcome=Outcome(verdict.outcome),
            cause=verdict.cause,
            message=attempt.message,
            resolutions=tuple(_resolution(case, times.get(case.sample)) for case in attempt.cases),
            unsupported=tuple(attempt.unsupported),
            first_divergent_layer=_layer(layers[0]) if layers else None,
            attempt=attempt.id,
            commit=at.commit,
            submission=at.id,
            date=attempt.finished,
            unit=attempt.device.unit if attempt.device else None,
            stack=stack,
            changed=stack_changes(stack, self._stacks[present[0]]) if gone else (),
            expires=standing(verdict).expires(self._inventory.inheritance.failures_for),
            latency_from=_source(measured) if measured and measured is not attempt else None,
        )


def _not_newer(shown: db.Commit) -> ColumnElement[bool]:
    """Uncommitted changes have the date of the commit that they are made on; they are newer than it."""
    same = db.Commit.date == shown.date
    return (db.Commit.date < shown.date) | (same if shown.dirty else same & ~db.Commit.dirty)


def _source(attempt: db.Attempt) -> Source:
    return Source(attempt.id, attempt.job.submission.commit, attempt.finished)


def _resolution(case: db.CaseResult, known_ms: float | None) -> Resolution:
    ends = [t for t in case.tensors if not t.layer]
    return Resolution(
        sample=case.sample,
        outcome=Outcome(case.outcome),
        max_abs_error=max((t.max_abs_error for t in ends), default=None),
        sqnr_db=min((t.sqnr_db for t in ends), default=None),
        margin=min((t.margin for t in case.tensors if t.margin is not None), default=None),
        latency_ms=case.latency_ms if case.latency_ms is not None else known_ms,
        message=case.message,
    )


def _layer(layer: db.LayerError) -> Layer:
    return Layer(
        layer.value,
        layer.op,
        layer.module,
        layer.error,
        layer.introduced_here,
        layer.source,
        layer.local_error,
        layer.inherited_error,
        layer.signature,
    )
