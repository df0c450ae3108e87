"""How two support tables differ: what the later state broke, fixed, made slower, brought and took away; pure.

Cells are compared one by one. What a state has no verdict of its own on (missing, no verdict, stale, predicted) is no result of
it. A result that is lost counts as broken: what is not known to work may not pass for working. Before a result, a stale verdict
is the newest that is known, and is compared with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from farm.states.cell import Cell
from farm.states.verdict import Provenance, Verdict
from farm.table.table import Row, Table
from workers.outcome import Group, Outcome

#: How well each verdict says that it works; the others are no results.
_RANKS = {
    Verdict.SUPPORTED: 2,
    Verdict.PARTIAL: 1,
    Verdict.FLAKY: 1,
    Verdict.FAILED: 0,
    Verdict.UNSUPPORTED: 0,
}
_OWN = (Provenance.OBSERVED, Provenance.INHERITED)
_GOOD = frozenset(outcome for outcome in Outcome if outcome.group is Group.GOOD)


class Effect(StrEnum):
    """What became of a cell, the most urgent first."""

    BROKEN = "broken"
    FIXED = "fixed"
    SLOWER = "slower"
    NEW = "new"
    GONE = "gone"


class Difference(Struct, frozen=True, gc=False):
    """One cell that differs; ``before`` or ``after`` is ``None`` where that table has no such row or device.

    ``slowdown`` is the time after by the time before of the sample that lost most, of what is slower only.
    """

    effect: Effect
    device: str
    before: Row | None
    after: Row | None
    slowdown: float | None = None

    @property
    def row(self) -> Row:
        """The architecture, as it is where it is last."""
        row = self.after or self.before
        assert row is not None
        return row

    @property
    def cell_before(self) -> Cell | None:
        return self.before.cells.get(self.device) if self.before else None

    @property
    def cell_after(self) -> Cell | None:
        return self.after.cells.get(self.device) if self.after else None

    @property
    def lost(self) -> bool:
        """Whether it is broken by having no result any more, and not by a worse one."""
        return self.effect is Effect.BROKEN and (self.cell_after is None or not has_result(self.cell_after))


@dataclass(frozen=True, slots=True)
class Diff:
    """All that differs between two tables, by commit: the broken first, within each effect in the order of the rows."""

    before: str
    after: str
    slower_by: float
    devices: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def counts(self) -> dict[Effect, int]:
        """Number of cells by effect, each effect named."""
        found = [d.effect for d in self.differences]
        return {effect: found.count(effect) for effect in Effect}


def compare(before: Table, after: Table, slower_by: float) -> Diff:
    """The differences; slower is what takes ``slower_by`` (> 1) times as long or longer on one or more samples."""
    devices = tuple(dict.fromkeys((*before.devices, *after.devices)))
    place = {effect: at for at, effect in enumerate(Effect)}
    found = sorted(_differences(before, after, devices, slower_by), key=lambda d: place[d.effect])
    return Diff(before.commit, after.commit, slower_by, devices, tuple(found))


def has_result(cell: Cell) -> bool:
    """Whether it is a verdict on the product, of the state itself and of the present stack."""
    return has_verdict(cell) and cell.provenance in _OWN


def has_verdict(cell: Cell) -> bool:
    """Whether it is a verdict on the product, were it one of an earlier state or of a stack that is gone."""
    return cell.verdict in _RANKS


def slowdown(before: Cell, after: Cell) -> float | None:
    """The largest ratio of latencies over the samples that passed, and were timed, in both; ``None`` without any."""
    known = {r.sample: r.latency_ms for r in before.resolutions if r.outcome in _GOOD and r.latency_ms}
    largest = None
    for r in after.resolutions:
        if r.outcome in _GOOD and r.latency_ms is not None and (took := known.get(r.sample)):
            ratio = r.latency_ms / took
            if largest is None or ratio > largest:
                largest = ratio
    return largest


def _differences(before: Table, after: Table, devices: tuple[str, ...], slower_by: float) -> Iterator[Difference]:
    old, new = ({(row.kind, row.name): row for row in table.rows} for table in (before, after))
    for key in dict.fromkeys((*new, *old)):
        was, now = old.get(key), new.get(key)
        for device in devices:
            cell_was = was.cells.get(device) if was else None
            cell_now = now.cells.get(device) if now else None
            effect = _effect(cell_was, cell_now)
            if effect is not None:
                yield Difference(effect, device, was, now)
            elif cell_was and cell_now and has_result(cell_was) and has_result(cell_now):
                ratio = slowdown(cell_was, cell_now)
                if ratio is not None and ratio >= slower_by:
                    yield Difference(Effect.SLOWER, device, was, now, ratio)


def _effect(before: Cell | None, after: Cell | None) -> Effect | None:
    if before is None or after is None:
        return Effect.NEW if after else Effect.GONE if before else None
    if not has_result(after):
        return Effect.BROKEN if has_result(before) else None
    if not has_verdict(before):
        return Effect.NEW
    was, now = _RANKS[before.verdict], _RANKS[after.verdict]
    if was != now:
        return Effect.BROKEN if now < was else Effect.FIXED
    if before.verdict is after.verdict is Verdict.PARTIAL:
        return _of_samples(before, after)
    return None


def _of_samples(before: Cell, after: Cell) -> Effect | None:
    """Of two partial results: samples that passed and do not any more are broken, whatever else passes now."""
    was = {r.sample: r.outcome in _GOOD for r in before.resolutions}
    now = {r.sample: r.outcome in _GOOD for r in after.resolutions}
    shared = was.keys() & now.keys()
    if any(was[s] and not now[s] for s in shared):
        return Effect.BROKEN
    return Effect.FIXED if any(now[s] and not was[s] for s in shared) else None
