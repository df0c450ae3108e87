"""The cells of a commit's snapshots, fetched from the database in a handful of queries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import Row, select

from farm.conditions.infer import Condition
from farm.database import models as db
from farm.states.cell import Cell, Resolution
from farm.states.conversions import DROPPED_CONVERSIONS, ConversionState
from farm.states.jobs import DROPPED
from farm.states.verdict import FAILURES, Provenance, Verdict
from farm.table.known import KnownVerdicts
from farm.table.verdicts import Measured, RecordedVerdict, newest_judged
from farm.verdicts.figures import Figures
from farm.verdicts.inheritance import stale
from workers.outcome import Group, Outcome

_CONVERSION = (
    db.Conversion.architecture_id,
    db.Conversion.state,
    db.Conversion.outcome,
    db.Conversion.cause,
    db.Conversion.message,
)
#: Looked up once: in its enumeration that takes twenty times as long as a name, for ten thousand cells.
_OBSERVED, _INHERITED, _STALE = Provenance.OBSERVED, Provenance.INHERITED, Provenance.STALE


class Snapped(NamedTuple):
    """Of a snapshot, what its cells depend on."""

    architecture_id: int
    bundle: str | None


class Cells:
    """All that the cells of some snapshots of a commit need.

    Args:
        known: of their bundles, and maybe of others.
        commit: key of the commit.
        snapshots: those of it that are asked for.
    """

    def __init__(self, known: KnownVerdicts, commit: str, snapshots: Sequence[Snapped]) -> None:
        self._known, self._session, self._commit = known, known.session, commit
        query = select(*_CONVERSION).where(db.Conversion.commit == commit)
        self._conversions = {row.architecture_id: row for row in self._session.connection().execute(query)}
        self._stale = self._fetch_stale(snapshots)
        known.read_beside()

    def row(self, snapshot: Snapped) -> dict[str, Cell]:
        """The cells of one snapshot, by device type."""
        conversion = self._conversions.get(snapshot.architecture_id)
        if conversion is not None and conversion.outcome is not None:
            differs = conversion.outcome == Outcome.NONDETERMINISTIC  # then a verdict on one of its bundles says little
            if snapshot.bundle is None or differs:
                return {device: self._not_converted(conversion, device) for device in self._known.devices}
        return self._converted(snapshot, _converting(snapshot, conversion))

    def _converted(self, snapshot: Snapped, converting: str) -> dict[str, Cell]:
        """The cells of what has a bundle, or will have one. Written in one piece: there are ten thousand of them in a table."""
        known, commit = self._known, self._commit
        measured, probes = known.measured, known.probes
        bundle, architecture = snapshot.bundle or "", snapshot.architecture_id
        current, states = known.current.get(bundle, {}), known.states.get(bundle, {})
        cells = {}
        for device, type_id in known.devices.items():
            if type_id is None:
                cells[device] = Cell(device, Verdict.MISSING, Provenance.NEVER, state=converting)
                continue
            state = converting or (states.get(type_id, "") if states else "")
            if verdict := current.get(type_id):
                provenance = _OBSERVED if verdict.shown.commit == commit else _INHERITED
                state = "" if state in DROPPED else state
            elif verdict := self._stale.get((architecture, type_id)):
                provenance = _STALE
            else:
                cells[device] = self._unknown(snapshot, device, type_id, state)
                continue
            shown, named = verdict.shown, verdict.verdict
            figures = shown.figures
            elsewhere = measured.get(shown.measured or "") if measured and shown.measured != shown.attempt else None
            stack, changed = known.stacks[verdict.device_type_id, verdict.stack]
            # By position, in the order of the fields: with their names it takes six times as long.
            cells[device] = Cell(
                device,
                named,
                provenance,
                shown.outcome,
                shown.cause,
                shown.message,
                _timed(figures, elsewhere) if elsewhere else figures.resolutions,
                figures.unsupported,
                figures.first_divergent_layer,
                shown.attempt,
                shown.commit,
                state,
                shown.submission,
                shown.finished,
                shown.unit,
                stack,
                changed,
                verdict.standing.expires(known.failures_for) if named in FAILURES else None,
                elsewhere.source if elsewhere else None,
                None,
                Condition.from_json(verdict.condition) if verdict.condition else None,
                probes.get(verdict.key, "") if probes else "",
                shown.rejudged,
            )
        return cells

    def _unknown(self, snapshot: Snapped, device: str, type_id: int, state: str) -> Cell:
        """The cell of a device type that nothing was ever observed on."""
        if snapshot.bundle:
            known = self._known
            expected = known.predictor.predict(
                snapshot.bundle, type_id, known.policies[type_id], known.present[type_id]
            )
            if expected:
                return Cell(device, Verdict.MISSING, Provenance.PREDICTED, state=state, prediction=expected)
        return Cell(device, Verdict.MISSING, Provenance.NEVER, state=state)

    def _not_converted(self, conversion: Row[int, str, str | None, str | None, str], device: str) -> Cell:
        outcome = Outcome(conversion.outcome or "")
        return Cell(
            device,
            Verdict.FAILED if outcome.group is Group.PRODUCT else Verdict.NO_VERDICT,
            Provenance.OBSERVED,
            outcome,
            conversion.cause,
            conversion.message,
            commit=self._commit,
        )

    def _fetch_stale(self, snapshots: Collection[Snapped]) -> dict[tuple[int, int], RecordedVerdict]:
        """By architecture and device type: the newest verdict at commits that are not newer than the one shown.

        On whatever stack: that of the commit shown itself is among them where its stack is gone.
        """
        known = self._known
        lacking: dict[tuple[int, str], list[int]] = {key: [] for key in known.policies.items()}
        for snapshot in snapshots:
            judged = known.current.get(snapshot.bundle or "", {})
            if len(judged) < len(lacking):
                for key, architectures in lacking.items():
                    if key[0] not in judged:
                        architectures.append(snapshot.architecture_id)
        newest = newest_judged(self._session, self._commit, lacking)
        best = known.choose(stale, set(newest.values()))
        return {(architecture, type_id): best[bundle][type_id] for (architecture, type_id, _), bundle in newest.items()}


def _converting(snapshot: Snapped, conversion: Row[int, str, str | None, str | None, str] | None) -> str:
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
