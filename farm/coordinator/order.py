"""In which order waiting work is begun: the most urgent first, and in every fifth place the oldest; pure.

Work that keeps coming in with a better priority must not hold up older work for ever. So what was submitted first is passed
over by later submissions four times in a row at most: of ``TURN`` that are begun while it waits, one is of the oldest
submission that waits. The n-th of the jobs that were there before all others is begun as the ``TURN * n``-th at the latest,
whatever is submitted meanwhile. Within one submission, the order is that of the priorities alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

TURN = 5
#: The priority of what is begun only where nothing else waits, whoever submitted it, and however long ago.
IDLE = 1_000_000


class Waiting(NamedTuple):
    """Something that waits, by its id; ``since`` is when what it belongs to was submitted."""

    id: int
    since: datetime


def passed_over(oldest: datetime, recent: Sequence[datetime]) -> bool:
    """Whether it is the turn of what was submitted at ``oldest``.

    ``recent`` has the times at which that was submitted which was begun last, the last one first.
    """
    return len(recent) >= TURN - 1 and all(since > oldest for since in recent[: TURN - 1])


def in_turn(urgent: Sequence[Waiting], oldest: Sequence[Waiting], recent: Sequence[datetime], room: int) -> list[int]:
    """Ids of what is to be begun now, ``room`` at most, in order.

    Args:
        urgent: all that waits, the most urgent first, or the first ``room`` of it.
        oldest: the same by age, and where that is equal by urgency.
        recent: see :func:`passed_over`.
        room: how many may be begun.
    """
    chosen: dict[int, datetime] = {}
    begun = list(recent[: TURN - 1])
    while len(chosen) < room:
        old = next((w for w in oldest if w.id not in chosen), None)
        if old is None:
            break
        turn = old if passed_over(old.since, begun) else next(w for w in urgent if w.id not in chosen)
        chosen[turn.id] = turn.since
        begun.insert(0, turn.since)
    return list(chosen)
