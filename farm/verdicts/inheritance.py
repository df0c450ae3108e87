"""What is never run twice: whether a verdict that was observed before stands for an equal bundle, or a job is needed; pure.

A verdict is kept for each stack that it was observed on, and counts where a unit of the device type has that stack now. Good
and unsupported ones count without an end; a failure counts until it is due to be proved again. What says nothing of the
product (infra, harness) is never taken over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from farm.states.verdict import FAILURES, Verdict


class Reprove(StrEnum):
    """What a submission wants run again though its verdict counts."""

    NOTHING = ""
    FAILURES = "failures"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Standing:
    """A verdict on a bundle, the hash of the stack that it holds for, and when an attempt last bore it out."""

    verdict: Verdict
    stack: str
    proved: datetime

    @property
    def tells(self) -> bool:
        """Whether it says something of the product."""
        return self.verdict is not Verdict.NO_VERDICT

    def expires(self, failures_for: timedelta) -> datetime | None:
        """From when on it is due to be proved again; ``None``: never."""
        return self.proved + failures_for if self.verdict in FAILURES else None


def current(known: Sequence[Standing], present: Sequence[str]) -> Standing | None:
    """Of the verdicts on one bundle, one for each stack, the one that says what holds now.

    Args:
        known: the verdicts.
        present: hashes of the stacks that units have now, the one that was rolled out last first.

    Returns:
        The one on the newest of the present stacks that has one. Without, the newest ``NO_VERDICT`` if nothing was learnt
        since. ``None`` where all that is known was observed on stacks that are gone, or nothing is.
    """
    by_stack = {standing.stack: standing for standing in known if standing.tells}
    for stack in present:
        if stack in by_stack:
            return by_stack[stack]
    newest = max(known, key=lambda standing: standing.proved, default=None)
    return newest if newest is not None and not newest.tells else None


def stale(known: Sequence[Standing], present: Sequence[str]) -> Standing | None:
    """The best that is known where nothing holds now: what holds, or was observed last, on whatever stack."""
    telling = [standing for standing in known if standing.tells]
    return current(telling, present) or max(telling, key=lambda standing: standing.proved, default=None)


def inherited(
    known: Sequence[Standing],
    present: Sequence[str],
    *,
    now: datetime,
    failures_for: timedelta,
    reprove: Reprove = Reprove.NOTHING,
) -> Standing | None:
    """The verdict that makes a job superfluous; ``None`` where one is needed. Arguments as in :func:`current`."""
    standing = current(known, present)
    if standing is None or not standing.tells or reprove is Reprove.ALL:
        return None
    expires = standing.expires(failures_for)
    if expires is not None and (reprove is Reprove.FAILURES or now >= expires):
        return None
    return standing
