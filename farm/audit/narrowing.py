"""Which of many changes make a difference: delta debugging (Zeller and Hildebrandt, 2002, "Simplifying and Isolating
Failure-Inducing Input"); pure but for the test that is given.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from enum import Enum
from itertools import pairwise
from typing import TypeVar

U = TypeVar("U", bound=Hashable)


class Answer(Enum):
    """What some of the changes alone come to."""

    DIFFERS = "differs"
    SAME = "same"
    UNRESOLVED = "unresolved"


class _OutOfTrialsError(Exception):
    """The test was asked as often as was allowed."""


def narrowed(units: Sequence[U], test: Callable[[Sequence[U]], Answer], trials: int) -> tuple[tuple[U, ...], bool]:
    """Some of ``units`` that make the difference, as few as ``trials`` tests could find, and whether none can be left out.

    ``units`` together are known to make it, and none of them is known not to. What a set of them comes to is asked at most
    once.
    """
    asked: dict[frozenset[U], Answer] = {frozenset(units): Answer.DIFFERS, frozenset(): Answer.SAME}
    left = trials

    def differs(some: Sequence[U]) -> bool:
        nonlocal left
        key = frozenset(some)
        if key not in asked:
            if left == 0:
                raise _OutOfTrialsError
            left -= 1
            asked[key] = test(some)
        return asked[key] is Answer.DIFFERS

    found, parts = list(units), 2
    try:
        while len(found) > 1:
            smaller = next((s for s in _candidates(found, parts) if differs(s)), None)
            if smaller is not None:
                parts = 2 if len(smaller) <= -(-len(found) // parts) else max(parts - 1, 2)
                found = list(smaller)
            elif parts >= len(found):
                break
            else:
                parts = min(2 * parts, len(found))
    except _OutOfTrialsError:
        return tuple(found), False
    return tuple(found), True


def _candidates(found: Sequence[U], parts: int) -> Iterator[Sequence[U]]:
    """Each of ``parts`` pieces by itself, then all but each of them."""
    bounds = [len(found) * i // parts for i in range(parts + 1)]
    spans = [(a, b) for a, b in pairwise(bounds) if a < b]
    yield from (found[a:b] for a, b in spans)
    if parts > 2:
        yield from ([*found[:a], *found[b:]] for a, b in spans)
