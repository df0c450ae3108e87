"""How two support tables differ: what the later state broke, fixed, made slower, brought and took away; pure.

Cells are compared one by one. What a state has no verdict of its own on (missing, no verdict, stale, predicted) is no result of
it. A result that is lost counts as broken: what is not known to work may not pass for working. Before a result, a stale verdict
is the newest that is known, and is compared with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from msgspec import Struct

from farm.states.cell import Cell, Resolution
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
_PARTIAL = Verdict.PARTIAL  # looked up once: twenty times as slow as a name, for ten thousand cells


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
    found: dict[Effect, list[Difference]] = {effect: [] for effect in Effect}
    for difference in _differences(before, after, devices, slower_by):
        found[difference.effect].append(difference)
    return Diff(before.commit, after.commit, slower_by, devices, tuple(chain.from_iterable(found.values())))


def has_result(cell: Cell) -> bool:
    """Whether it is a verdict on the product, of the state itself and of the present stack."""
    return has_verdict(cell) and cell.provenance in _OWN


def has_verdict(cell: Cell) -> bool:
    """Whether it is a verdict on the product, were it one of an earlier state or of a stack that is gone."""
    return cell.verdict in _RANKS


def slowdown(before: Cell, after: Cell) -> float | None:
    """The largest ratio of latencies over the samples that passed, and were timed, in both; ``None`` without any."""
    largest = None
    for was, now in _of_both(before, after):
        if was.latency_ms and now.latency_ms is not None and was.outcome in _GOOD and now.outcome in _GOOD:
            ratio = now.latency_ms / was.latency_ms
            if largest is None or ratio > largest:
                largest = ratio
    return largest


def _differences(before: Table, after: Table, devices: tuple[str, ...], slower_by: float) -> Iterator[Difference]:
    old, new = ({(row.kind, row.name): row for row in table.rows} for table in (before, after))
    for key in dict.fromkeys((*new, *old)):
        was, now = old.get(key), new.get(key)
        cells_was, cells_now = was.cells if was else {}, now.cells if now else {}
        for device in devices:
            effect, ratio = _became(cells_was.get(device), cells_now.get(device), slower_by)
            if effect is not None:
                yield Difference(effect, device, was, now, ratio)


def _became(before: Cell | None, after: Cell | None, slower_by: float) -> tuple[Effect | None, float | None]:
    """What became of a cell, and of one that is slower by how much."""
    if before is None or after is None:
        return Effect.NEW if after else Effect.GONE if before else None, None
    was, now = _RANKS.get(before.verdict), _RANKS.get(after.verdict)
    own = was is not None and before.provenance in _OWN
    if now is None or after.provenance not in _OWN:
        return Effect.BROKEN if own else None, None
    if was is None:
        return Effect.NEW, None
    if was != now:
        return Effect.BROKEN if now < was else Effect.FIXED, None
    if before.verdict is after.verdict is _PARTIAL and (effect := _of_samples(before, after)):
        return effect, None
    ratio = slowdown(before, after) if own else None
    return (Effect.SLOWER, ratio) if ratio is not None and ratio >= slower_by else (None, None)


def _of_samples(before: Cell, after: Cell) -> Effect | None:
    """Of two partial results: samples that passed and do not any more are broken, whatever else passes now."""
    passed = [(was.outcome in _GOOD, now.outcome in _GOOD) for was, now in _of_both(before, after)]
    return Effect.BROKEN if (True, False) in passed else Effect.FIXED if (False, True) in passed else None


def _of_both(before: Cell, after: Cell) -> list[tuple[Resolution, Resolution]]:
    """The samples that both cells have, as they were and as they are now."""
    pairs = list(zip(before.resolutions, after.resolutions, strict=False))
    for was, now in pairs:
        if was.sample != now.sample:
            break
    else:  # as it is almost always: one has those of the other, in the same order, and maybe more
        return pairs
    known = {r.sample: r for r in before.resolutions}
    return [(known[r.sample], r) for r in after.resolutions if r.sample in known]
