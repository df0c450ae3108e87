"""The cells of a commit's snapshots, fetched from the database in a handful of queries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.conditions.infer import Condition
from farm.database import models as db
from farm.inventory import Inventory
from farm.prediction.records import Predictor
from farm.states.cell import Cell, Resolution
from farm.states.conversions import DROPPED_CONVERSIONS, ConversionState
from farm.states.jobs import DROPPED
from farm.states.verdict import FAILURES, Provenance, Verdict
from farm.table.verdicts import Measured, RecordedVerdict, newest_judged, read_measured, read_states, read_verdicts
from farm.verdicts.figures import Figures, unpack
from farm.verdicts.inheritance import Standing, current, stack_changes, stale
from farm.verdicts.probes import probing
from farm.verdicts.standings import read_terms
from workers.outcome import Group, Outcome

Rule = Callable[[Sequence[Standing], Sequence[str]], Standing | None]
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


class Cells:
    """All that the cells of some snapshots need, fetched in a handful of queries."""

    def __init__(self, session: Session, commit: str, inventory: Inventory, snapshots: Sequence[db.Snapshot]) -> None:
        self._session, self._commit, self._inventory = session, commit, inventory
        self._failures_for = inventory.inheritance.failures_for
        terms = read_terms(session, inventory)
        self._keys = {t.device: (t.type_id, t.policy) for t in terms}
        self._present = {t.type_id: t.present for t in terms}
        self._stacks = {s.hash: dict(s.fingerprint) for s in session.scalars(select(db.Stack))}
        bundles = {s.bundle for s in snapshots if s.bundle}
        self._current = self._choose(current, bundles)
        self._states = read_states(session, bundles)
        self._conversions = {
            c.architecture_id: c for c in session.scalars(select(db.Conversion).where(db.Conversion.commit == commit))
        }
        lacking = self._lacking(snapshots)
        self._stale = self._fetch_stale(lacking)
        chosen = (*self._current.values(), *self._stale.values())
        self._probes = probing(session, {v.bundle for v in chosen if v.verdict is Verdict.PARTIAL})
        elsewhere = {v.measured for v in chosen if v.measured and v.measured != v.attempt}
        self._measured = read_measured(session, elsewhere)
        self._predictor = Predictor(session, {s.bundle for some in lacking.values() for s in some if s.bundle})

    def row(self, snapshot: db.Snapshot) -> dict[str, Cell]:
        """The cells of one snapshot, by device type."""
        conversion = self._conversions.get(snapshot.architecture_id)
        if conversion is not None and conversion.outcome is not None:
            differs = conversion.outcome == Outcome.NONDETERMINISTIC  # then a verdict on one of its bundles says little
            if snapshot.bundle is None or differs:
                said = conversion.outcome
                return {device: self._not_converted(conversion, said, device) for device in self._inventory.devices}
        converting = _converting(snapshot, conversion)
        return {device: self._cell(snapshot, device, converting) for device in self._inventory.devices}

    def _cell(self, snapshot: db.Snapshot, device: str, converting: str) -> Cell:
        key = self._keys.get(device)
        if key is None:
            return Cell(device, Verdict.MISSING, Provenance.NEVER, state=converting)
        judged = (snapshot.bundle or "", *key)
        state = converting or self._states.get(judged, "")
        if verdict := self._current.get(judged):
            own = Provenance.OBSERVED if verdict.commit == self._commit else Provenance.INHERITED
            return self._observed(verdict, device, own, "" if state in DROPPED else state)
        if verdict := self._stale.get((snapshot.architecture_id, *key)):
            return self._observed(verdict, device, Provenance.STALE, state)
        if snapshot.bundle and (expected := self._predictor.predict(snapshot.bundle, *key, self._present[key[0]])):
            return Cell(device, Verdict.MISSING, Provenance.PREDICTED, state=state, prediction=expected)
        return Cell(device, Verdict.MISSING, Provenance.NEVER, state=state)

    def _lacking(self, snapshots: Sequence[db.Snapshot]) -> dict[tuple[int, str], list[db.Snapshot]]:
        """By device type and policy: the snapshots whose bundle has no verdict there that holds now."""
        return {
            key: [s for s in snapshots if (s.bundle or "", *key) not in self._current]
            for key in set(self._keys.values())
        }

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

    def _choose(self, rule: Rule, bundles: Collection[str]) -> dict[tuple[str, int, str], RecordedVerdict]:
        """Of the verdicts on each bundle, one for each stack, the one that a rule takes, where it takes one."""
        known: dict[tuple[str, int, str], RecordedVerdict] = {}
        several: dict[tuple[str, int, str], list[RecordedVerdict]] = {}
        for v in read_verdicts(self._session, bundles, set(self._keys.values())):
            key = (v.bundle, v.device_type_id, v.policy)
            if (first := known.setdefault(key, v)) is not v:
                several.setdefault(key, [first]).append(v)
        chosen = {}
        for key, verdict in known.items():
            present = self._present[key[1]]
            if key not in several and verdict.verdict is not Verdict.NO_VERDICT and verdict.stack in present:
                chosen[key] = verdict  # as by any rule, and as it is almost always
                continue
            by_stack = {v.stack: v for v in several.get(key, [verdict])}
            if found := rule([v.standing for v in by_stack.values()], present):
                chosen[key] = by_stack[found.stack]
        return chosen

    def _fetch_stale(
        self, lacking: Mapping[tuple[int, str], Sequence[db.Snapshot]]
    ) -> dict[tuple[int, int, str], RecordedVerdict]:
        """By architecture, device type and policy: the newest verdict at commits that are not newer than the one shown.

        On whatever stack: that of the commit shown itself is among them where its stack is gone.
        """
        shown = self._session.get_one(db.Commit, self._commit)
        wanted = {key: [s.architecture_id for s in snapshots] for key, snapshots in lacking.items()}
        newest = newest_judged(self._session, shown, wanted)
        best = self._choose(stale, set(newest.values()))
        return {(a, t, p): best[bundle, t, p] for (a, t, p), bundle in newest.items()}

    def _observed(self, verdict: RecordedVerdict, device: str, provenance: Provenance, state: str) -> Cell:
        figures, present = unpack(verdict.figures), self._present[verdict.device_type_id]
        measured = self._measured.get(verdict.measured) if verdict.measured else None
        stack = self._stacks.get(verdict.stack, {})
        gone = bool(present) and verdict.stack not in present
        return Cell(
            device=device,
            verdict=verdict.verdict,
            provenance=provenance,
            outcome=_OUTCOMES[verdict.outcome],
            cause=verdict.cause,
            message=verdict.message,
            resolutions=_timed(figures, measured) if measured else figures.resolutions,
            unsupported=figures.unsupported,
            first_divergent_layer=figures.first_divergent_layer,
            attempt=verdict.attempt,
            commit=verdict.commit,
            state=state,
            submission=verdict.submission,
            date=verdict.finished,
            unit=verdict.unit,
            stack=stack,
            changed=stack_changes(stack, self._stacks[present[0]]) if gone else (),
            expires=verdict.standing.expires(self._failures_for) if verdict.verdict in FAILURES else None,
            latency_from=measured.source if measured else None,
            condition=Condition.from_json(verdict.condition) if verdict.condition else None,
            rejudged=verdict.rejudged,
            probe=self._probes.get((verdict.bundle, verdict.device_type_id, verdict.policy, verdict.stack), ""),
        )


def _converting(snapshot: db.Snapshot, conversion: db.Conversion | None) -> str:
    """What to say of a conversion that is under way, or was dropped before it gave a bundle."""
    if conversion is None:
        return ""
    state = ConversionState(conversion.state)
    dropped = snapshot.bundle is None and state in DROPPED_CONVERSIONS
    return f"conversion {state.value}" if state.open or dropped else ""


def _timed(figures: Figures, measured: Measured) -> tuple[Resolution, ...]:
    """Resolutions with the latencies that another attempt took, where their own took none."""
    times = {r.sample: r.latency_ms for r in measured.figures.resolutions}
    return tuple(
        r if r.latency_ms is not None else replace(r, latency_ms=times.get(r.sample)) for r in figures.resolutions
    )
