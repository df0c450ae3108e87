"""The simplest condition that separates what passed from what failed, with its evidence, or none; pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from farm.conditions.predicates import SUPPORT, Limit, Predicate, fitting, lacking
from farm.conditions.sizes import Observation, Size, amount

NONE_FITS = "no condition fits"
#: Of a probe that is not at its end.
UNDER_WAY = "under way"
#: Other conditions that fit as well and are named.
NAMED = 3


@dataclass(frozen=True, slots=True)
class Condition:
    """What is stated of a network that is PARTIAL on a device type.

    ``text`` is the condition, or says that there is none; then ``why``. ``border`` says in words where it was observed that it
    changes: ``nearest_pass`` and ``nearest_fail`` are the two sizes on its sides that are closest. ``passes`` and ``fails``
    count different sizes. ``others`` fit what was observed as well.
    """

    text: str
    fits: bool
    passes: int
    fails: int
    border: str = ""
    nearest_pass: str = ""
    nearest_fail: str = ""
    others: tuple[str, ...] = ()
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """As the database and the documents keep it."""
        return {**asdict(self), "others": list(self.others)}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Condition:
        """What :meth:`to_json` gave."""
        return cls(**{**said, "others": tuple(said["others"])})

    @property
    def evidence(self) -> str:
        """On what it stands, in one line."""
        counted = f"{self.passes} sizes pass, {self.fails} fail"
        return "; ".join(filter(None, (counted, self.border, self.why)))


def infer(observations: Sequence[Observation]) -> Condition:
    """State the condition. Of a size that both passed and failed nothing can be stated, nor of one side alone."""
    passed = {o.size for o in observations if o.passed}
    failed = {o.size for o in observations if not o.passed}
    if both := sorted(passed & failed):
        return _none(passed, failed, f"{both[0]} both passed and failed")
    found = list(fitting(observations))
    if passed and failed and not found:
        return _none(passed, failed, "none of the known ones separates them")
    rule = next((rule for rule in found if lacking(rule, observations) == (0, 0)), None)
    if rule is None:
        return _none(passed, failed, f"{SUPPORT} different ones of each are needed")
    others = [other for other in found if other is not rule][:NAMED]
    near, far = _nearest(rule, passed, failed)
    return Condition(
        text=str(rule),
        fits=True,
        passes=len(passed),
        fails=len(failed),
        border=_border(rule, near, far),
        nearest_pass=str(near),
        nearest_fail=str(far),
        others=tuple(map(str, others)),
    )


def _none(passed: set[Size], failed: set[Size], why: str) -> Condition:
    return Condition(NONE_FITS, False, len(passed), len(failed), why=why)


def _nearest(rule: Predicate, passed: set[Size], failed: set[Size]) -> tuple[Size, Size]:
    """The pass and the fail that are closest in what the rule looks at, and then in all."""

    def apart(pair: tuple[Size, Size]) -> tuple[float, int, tuple[Size, Size]]:
        one, other = pair
        sides = abs(one.height - other.height) + abs(one.width - other.width) + abs(one.batch - other.batch)
        return rule.gap(one, other), sides, pair

    return min(itertools.product(passed, failed), key=apart)


def _border(rule: Predicate, near: Size, far: Size) -> str:
    if not isinstance(rule, Limit):
        return f"{near} passes, {far} fails"
    until, since = amount(rule.feature, rule.passed), amount(rule.feature, rule.failed)
    way = "from", "on" if rule.above else "down"
    return f"passes {'up to' if rule.above else 'down to'} {until} ({near}), fails {way[0]} {since} {way[1]} ({far})"
