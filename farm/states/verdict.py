"""The verdict on a bundle, derived from all its attempts on one stack of a device configuration under one policy; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from workers.outcome import Cause, Group, Outcome


class Verdict(StrEnum):
    """What the farm says of a bundle on a device type."""

    SUPPORTED = "SUPPORTED"
    PARTIAL = "PARTIAL"
    UNSUPPORTED = "UNSUPPORTED"
    FAILED = "FAILED"
    FLAKY = "FLAKY"
    NO_VERDICT = "NO_VERDICT"
    MISSING = "MISSING"


#: Outcomes that say something of the product.
TELLING = (Group.GOOD, Group.PRODUCT, Group.SUPPORT)
#: Verdicts that quote a failure of the product.
FAILURES = (Verdict.FAILED, Verdict.FLAKY, Verdict.PARTIAL)


class Provenance(StrEnum):
    """How a cell of the table is known."""

    OBSERVED = "observed"
    INHERITED = "inherited"
    STALE = "stale"
    PREDICTED = "predicted"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Facts:
    """What one reported attempt says: its outcome and cause, and the outcomes of its cases; ``unit`` is who says it."""

    outcome: Outcome
    cause: Cause
    cases: tuple[Outcome, ...] = ()
    unit: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and the attempt (by position) whose outcome it quotes; ``newest`` is the last one that bears it out."""

    verdict: Verdict
    outcome: Outcome
    cause: Cause
    position: int
    newest: int


def decide(attempts: Sequence[Facts]) -> Decision:
    """The verdict over one or more reported attempts, oldest first.

    Harness and infra outcomes never decide: without any other there is no verdict. Nor do failures of a unit that stands alone
    with them (:func:`gainsaid`). Good and product outcomes of the same bundle are FLAKY, quoting the failure. Otherwise the
    newest attempt that says something of the product stands.
    """
    alone = gainsaid(attempts)
    telling = [
        (position, facts)
        for position, facts in enumerate(attempts)
        if facts.outcome.group in TELLING and position not in alone
    ]
    if not telling:
        last = attempts[-1]
        return Decision(Verdict.NO_VERDICT, last.outcome, last.cause, len(attempts) - 1, len(attempts) - 1)
    failures = [(position, facts) for position, facts in telling if facts.outcome.group is Group.PRODUCT]
    good = any(facts.outcome.group is Group.GOOD for _, facts in telling)
    position, facts = failures[-1] if failures and good else telling[-1]
    if failures and good:
        verdict = Verdict.FLAKY
    elif facts.outcome.group is Group.GOOD:
        verdict = Verdict.SUPPORTED
    elif facts.outcome is Outcome.UNSUPPORTED_OP:
        verdict = Verdict.UNSUPPORTED
    elif any(case.group is Group.GOOD for case in facts.cases):
        verdict = Verdict.PARTIAL
    else:
        verdict = Verdict.FAILED
    return Decision(verdict, facts.outcome, facts.cause, position, telling[-1][0])


def gainsaid(attempts: Sequence[Facts]) -> frozenset[int]:
    """Positions of the failures, of one bundle on one stack, that are one unit's own and not the product's.

    They are where a single unit fails and never passes, and another one passes. Two that fail are no accident, and one that
    both fails and passes says of the bundle that it is flaky.
    """
    failing = {facts.unit for facts in attempts if facts.outcome.group is Group.PRODUCT}
    passing = {facts.unit for facts in attempts if facts.outcome.group is Group.GOOD}
    if len(failing) != 1 or not passing or failing & passing or None in failing | passing:
        return frozenset()
    return frozenset(n for n, facts in enumerate(attempts) if facts.outcome.group is Group.PRODUCT)
