"""What a device's keeper would fix first: which op or limit, once it works, turns most cells of the table green; pure.

A cell that is blocked by several things turns green when all of them are fixed. So each fix has two figures: how many cells
need it, and how many it turns green alone. Which fixes together turn most green for their number is a set-union knapsack
problem (Goldschmidt, Nehme and Yu, Naval Research Logistics 41, 1994), which is NP-hard: the order given here is greedy, each
step being what one more kind of cell still needs, with the best ratio of cells won to fixes added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from farm.states.cell import Cell
from farm.states.verdict import Provenance, Verdict
from farm.table.table import Table

#: Cells that say something of the device as it is now.
_KNOWN = (Provenance.OBSERVED, Provenance.INHERITED)
#: By device and what is needed there: the architectures that need it.
_Left = dict[tuple[str, frozenset[str]], list[str]]


@dataclass(frozen=True, slots=True)
class Blocked:
    """A cell that would be green if the device had all of ``needs``, as far as is known."""

    architecture: str
    device: str
    needs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fix:
    """One thing that a device lacks: architectures that turn green by it ``alone``, and all that are ``needing`` it.

    ``beside`` it some need other things too: how many need each, the commonest first.
    """

    device: str
    what: str
    alone: tuple[str, ...]
    needing: tuple[str, ...]
    beside: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Fixes on a device that turn these architectures green, given the steps before."""

    device: str
    fixes: tuple[str, ...]
    gained: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lacks:
    """Of the cells of a table that are not green: those that something known blocks, and how many have another reason."""

    blocked: tuple[Blocked, ...]
    unexplained: int


def lacks_of(table: Table) -> Lacks:
    """What the observed cells of a table that are not green lack. What is stale, predicted or never tested does not count."""
    blocked: list[Blocked] = []
    unexplained = 0
    for row in table.rows:
        for device in table.devices:
            cell = row.cells[device]
            if cell.provenance not in _KNOWN or cell.verdict in (Verdict.SUPPORTED, Verdict.NO_VERDICT):
                continue
            if needs := _needs(cell):
                blocked.append(Blocked(f"{row.kind}:{row.name}", device, needs))
            else:
                unexplained += 1
    return Lacks(tuple(blocked), unexplained)


def ranked(blocked: Sequence[Blocked]) -> list[Fix]:
    """Every fix, the one that turns most cells green alone first, then the one that most cells need."""
    fixes = [
        Fix(
            device,
            what,
            alone=tuple(sorted(b.architecture for b in needing if b.needs == {what})),
            needing=tuple(sorted(b.architecture for b in needing)),
            beside=_commonest(other for b in needing for other in b.needs - {what}),
        )
        for device, what in {(b.device, what) for b in blocked for what in b.needs}
        for needing in [[b for b in blocked if b.device == device and what in b.needs]]
    ]
    return sorted(fixes, key=lambda fix: (-len(fix.alone), -len(fix.needing), fix.device, fix.what))


def in_order(blocked: Sequence[Blocked], most: int = 10) -> list[Step]:
    """Up to ``most`` steps that turn cells green, the best bargain first."""
    left = _by_needs((b.device, b.needs, [b.architecture]) for b in blocked)
    steps: list[Step] = []
    while left and len(steps) < most:
        device, fixes = min(left, key=lambda candidate: _price(candidate[0], candidate[1], left))
        gained = [name for kind in _won(device, fixes, left) for name in left[kind]]
        steps.append(Step(device, tuple(sorted(fixes)), tuple(sorted(gained))))
        left = _by_needs((d, needs - fixes if d == device else needs, names) for (d, needs), names in left.items())
    return steps


def _by_needs(cells: Iterable[tuple[str, frozenset[str], list[str]]]) -> _Left:
    """Architectures by what they still need on a device; those that need nothing are done."""
    found: _Left = {}
    for device, needs, names in cells:
        if needs:
            found.setdefault((device, needs), []).extend(names)
    return found


def _won(device: str, fixes: frozenset[str], left: _Left) -> list[tuple[str, frozenset[str]]]:
    return [kind for kind in left if kind[0] == device and kind[1] <= fixes]


def _price(device: str, fixes: frozenset[str], left: _Left) -> tuple[float, int, str, list[str]]:
    """Smaller is better: fixes for each cell won, then fewer at a time, then the name."""
    won = sum(len(left[kind]) for kind in _won(device, fixes, left))
    return len(fixes) / won, len(fixes), device, sorted(fixes)


def _needs(cell: Cell) -> frozenset[str]:
    if cell.unsupported:
        return frozenset(cell.unsupported)
    layer = cell.first_divergent_layer
    return frozenset({f"{layer.op}: wrong result"}) if layer is not None and layer.introduced_here else frozenset()


def _commonest(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))
