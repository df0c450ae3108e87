"""Which sizes to try next: those that tell apart most of the conditions that fit what was observed so far; pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from farm.conditions.predicates import Limit, Predicate, fitting, lacking
from farm.conditions.sizes import FEATURES, Observation, Size

#: Sizes in a probe, and probes on one verdict, at most.
COUNT, ROUNDS = 6, 2
#: Places along the range of sides near which sides of every kind are looked for.
_ANCHORS = 4
#: Powers of two that sides are odd multiples of.
_POWERS = (1, 2, 4, 8, 16, 32, 64)
#: Where a limit may lie between what passed and what failed, as shares of the sizes that lie there.
_CUTS = (0.25, 0.5, 0.75)

Predict = Callable[[Size], bool]


@dataclass(frozen=True, slots=True)
class Legal:
    """What sizes a network takes: sides that are multiples of ``unit`` from ``minimum`` to ``maximum``, in elements.

    ``batches``: it takes any batch. ``measure`` gives a batch, height and width as a size, ``None`` where it takes no such one.
    """

    unit: int
    minimum: int
    maximum: int
    batches: bool
    measure: Callable[[int, int, int], Size | None]


def choose_sizes(observations: Sequence[Observation], legal: Legal, count: int = COUNT) -> tuple[Size, ...]:
    """Up to ``count`` new sizes, none dearer than the dearest observed; none where no size would tell anything.

    First those that tell the conditions that still fit apart, as many as possible at once; then, where the simplest of them
    lacks witnesses on a side, cheap ones which it puts there.
    """
    pool = _pool(observations, legal)
    guesses = list(_guesses(observations, pool))
    chosen: list[Size] = []
    groups = [guesses]
    while guesses and pool and len(chosen) < count:
        best = max(pool, key=lambda size: (_separated(groups, size), -size.cost))
        if not _separated(groups, best):
            break
        _take(best, pool, chosen)
        groups = [part for group in groups for part in _parts(group, best) if part]
    if rule := next(fitting(observations), None):
        _support(observations, rule, pool, chosen, count)
    return tuple(chosen)


def _support(
    observations: Sequence[Observation], rule: Predicate, pool: list[Size], chosen: list[Size], count: int
) -> None:
    """Add to ``chosen`` what ``rule`` puts on a side that lacks witnesses; where there is no such size, others."""
    while len(chosen) < count:
        expected = [Observation(size, good) for size in chosen if (good := rule.passes(size)) is not None]
        known = [*observations, *expected]
        more_passes, more_fails = lacking(rule, known)
        if not more_passes and not more_fails:
            return
        side = more_passes >= more_fails
        seen = {rule.aspect(o.size) for o in known}
        fresh = [size for size in pool if rule.aspect(size) not in seen]
        new = [
            size for size in fresh if rule.passes(size) is side
        ] or fresh  # which may refute it, where none support it
        if not new:
            return
        _take(min(new, key=lambda size: (size.cost, size)), pool, chosen)


def _take(size: Size, pool: list[Size], chosen: list[Size]) -> None:
    chosen.append(size)
    pool[:] = [other for other in pool if other.sample != size.sample]  # samples are named without their batch


def _parts(group: list[Predict], size: Size) -> tuple[list[Predict], list[Predict]]:
    passing = [guess for guess in group if guess(size)]
    return passing, [guess for guess in group if guess not in passing]


def _separated(groups: Sequence[Sequence[Predict]], size: Size) -> int:
    """How many pairs that were together a result at ``size`` would tell apart."""
    passing = (sum(guess(size) for guess in group) for group in groups)
    return sum(number * (len(group) - number) for number, group in zip(passing, groups, strict=True))


def _guesses(observations: Sequence[Observation], pool: Sequence[Size]) -> Iterator[Predict]:
    """The conditions that fit; one with a limit as several that differ in where it lies."""
    for rule in fitting(observations):
        if isinstance(rule, Limit):
            yield from _placed(rule, pool)
        else:
            yield rule.passes


def _placed(rule: Limit, pool: Sequence[Size]) -> Iterator[Predict]:
    value, sign = FEATURES[rule.feature], 1 if rule.above else -1
    between = sorted({sign * value(size) for size in pool if rule.passes(size) is None})
    cuts = dict.fromkeys([sign * rule.passed, *(between[int(len(between) * share)] for share in _CUTS if between)])
    for cut in cuts:
        yield lambda size, cut=cut: sign * value(size) <= cut  # type: ignore[misc]


def _pool(observations: Sequence[Observation], legal: Legal) -> list[Size]:
    """Sizes of many kinds among those that were observed, and between those that passed and those that failed."""
    seen = {o.size for o in observations}
    dearest, known = max(size.cost for size in seen), {size.sample for size in seen}
    sides = [side for size in seen for side in (size.height, size.width)]
    low, high = max(legal.minimum, min(sides) // 2), min(legal.maximum, max(sides))
    kinds = _kinds(low, high, legal.unit)
    found = dict.fromkeys(itertools.chain(itertools.product(kinds, kinds), _between(observations, legal.unit)))
    batches = (1, 2) if legal.batches else (1,)
    sizes = (
        legal.measure(batch, height, width)
        for height, width in found
        for batch in batches
        if low <= min(height, width) and max(height, width) <= high and batch * height * width <= dearest
    )
    return sorted(size for size in sizes if size is not None and size.sample not in known)


def _kinds(low: int, high: int, unit: int) -> list[int]:
    """Sides near a few places of the range that are odd multiples of each power of two."""
    places = [low * (high / low) ** (step / (_ANCHORS - 1)) for step in range(_ANCHORS)]
    near = {
        math.lcm(power, unit) * (2 * round((place / math.lcm(power, unit) - 1) / 2) + 1)
        for place in places
        for power in _POWERS
    }
    return sorted(side for side in near if low <= side <= high)


def _between(observations: Sequence[Observation], unit: int) -> Iterator[tuple[int, int]]:
    passed, failed = ([o.size for o in observations if o.passed is side] for side in (True, False))
    for one, other in itertools.product(passed, failed):
        for share in _CUTS:
            yield tuple(  # type: ignore[misc]
                unit * round((a + (b - a) * share) / unit)
                for a, b in ((one.height, other.height), (one.width, other.width))
            )
