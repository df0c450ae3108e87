"""Which row stands for which regression, when what is known has become more; pure.

A result in between moves the ends of a regression, and it is the same one all the same: a row keeps its number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from farm.regressions.lines import Found, Point


@dataclass(frozen=True, slots=True)
class Known:
    """A row: its number and its ends. One that is ``withdrawn`` comes back by its very own failure only."""

    id: int
    first_bad: Point
    last_good: Point
    withdrawn: bool = False


def match(known: Sequence[Known], found: Sequence[Found]) -> dict[int, int]:
    """The row's id of each regression that has one, by the place of that in ``found``.

    The row with the same first failure; else one whose first failure is a later one of it now; else one with the same last
    pass.
    """
    matched: dict[int, int] = {}
    rules: tuple[Callable[[Known, Found], bool], ...] = (
        lambda row, one: row.first_bad == one.first_bad,
        lambda row, one: not row.withdrawn and row.first_bad in one.failing,
        lambda row, one: not row.withdrawn and row.last_good in one.last_good,
    )
    for rule in rules:
        for place, one in enumerate(found):
            taken = set(matched.values())
            fit = [row.id for row in known if row.id not in taken and rule(row, one)]
            if place not in matched and fit:
                matched[place] = min(fit)
    return matched
