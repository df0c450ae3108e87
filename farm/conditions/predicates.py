"""The family of predicates that a condition is chosen from, and those of it that no observation contradicts; pure.

It is small on purpose: of a large one, something fits whatever is observed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from farm.conditions.sizes import FEATURES, SIDES, Observation, Size, amount

#: Different sizes that must have passed, and that must have failed, before anything is stated.
SUPPORT = 3
#: What sides are asked to be a multiple of.
DIVISORS = range(2, 65)


@dataclass(frozen=True, slots=True)
class Multiple:
    """Passes where ``sides`` are multiples of ``divisor``."""

    sides: str
    divisor: int

    def passes(self, size: Size) -> bool:
        """Whether it says that ``size`` passes."""
        return all(side % self.divisor == 0 for side in SIDES[self.sides](size))

    def aspect(self, size: Size) -> Hashable:
        """What it looks at: sizes that are alike in it are one witness."""
        return SIDES[self.sides](size)

    def gap(self, one: Size, other: Size) -> float:
        """How far apart two sizes are in what it looks at."""
        pairs = zip(SIDES[self.sides](one), SIDES[self.sides](other), strict=True)
        return sum(abs(a - b) for a, b in pairs)

    def __str__(self) -> str:
        terms = [f"{side} % {self.divisor} == 0" for side in self.sides.split(" and ")]
        return f"fails unless {' and '.join(terms)}"


@dataclass(frozen=True, slots=True)
class Limit:
    """Passes up to a value of a feature, or from one on (``above`` false).

    ``passed`` is the last that did, ``failed`` the first that did not. Where between them it changes was not observed.
    """

    feature: str
    above: bool
    passed: float
    failed: float

    def passes(self, size: Size) -> bool | None:
        """Whether it says that ``size`` passes; ``None`` between its values, of which it says nothing."""
        value, sign = FEATURES[self.feature](size), 1 if self.above else -1
        if sign * value <= sign * self.passed:
            return True
        return False if sign * value >= sign * self.failed else None

    def aspect(self, size: Size) -> Hashable:
        """The size itself: of a feature with few values, such as the batch, there are no more witnesses."""
        return size

    def gap(self, one: Size, other: Size) -> float:
        """How far apart two sizes are in what it looks at."""
        return abs(FEATURES[self.feature](one) - FEATURES[self.feature](other))

    def __str__(self) -> str:
        return f"fails {'above' if self.above else 'below'} {amount(self.feature, self.passed)}"


Predicate = Multiple | Limit


def lacking(rule: Predicate, observations: Sequence[Observation]) -> tuple[int, int]:
    """How many witnesses more ``rule`` needs on the side of the passes, and of the fails, before it may be stated.

    That all widths which pass are 24 says nothing of multiples of 24, however many heights there are.
    """
    passed, failed = ({rule.aspect(o.size) for o in observations if o.passed is side} for side in (True, False))
    return max(0, SUPPORT - len(passed)), max(0, SUPPORT - len(failed))


def fitting(observations: Sequence[Observation]) -> Iterator[Predicate]:
    """All of the family that agree with every observation, the simplest first; some of each side must be there.

    Multiples come first, then limits: of the sides, of memory, of the rest, in the order of :data:`~.sizes.FEATURES`.
    """
    passed = [o.size for o in observations if o.passed]
    failed = [o.size for o in observations if not o.passed]
    if not passed or not failed:
        return
    for sides in SIDES:
        for divisor in DIVISORS:
            rule = Multiple(sides, divisor)
            if all(map(rule.passes, passed)) and not any(map(rule.passes, failed)):
                yield rule
    for feature, value in FEATURES.items():
        good, bad = [value(size) for size in passed], [value(size) for size in failed]
        if max(good) < min(bad):
            yield Limit(feature, above=True, passed=max(good), failed=min(bad))
        elif min(good) > max(bad):
            yield Limit(feature, above=False, passed=min(good), failed=max(bad))
