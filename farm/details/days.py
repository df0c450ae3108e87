"""How much units did, day by day (of UTC)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from farm.database.models import Attempt
from farm.states.jobs import AttemptState
from farm.states.verdict import TELLING
from workers.outcome import Outcome

#: Days that are looked back, today among them.
DAYS = 14
#: The longest that an attempt may take: one that ended on a day was sent no earlier than so long before.
_LONGEST = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Day:
    """What ended on a day: attempts that ``told`` something of the product, and others that came to nothing.

    ``busy_s`` is how long units worked on them.
    """

    date: date
    told: int
    lost: int
    busy_s: float


def read_days(session: Session, devices: Sequence[int], now: datetime, days: int = DAYS) -> tuple[Day, ...]:
    """The last ``days``, the oldest first, of units by their row ids; what was judged again was no work."""
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    starts = [first + timedelta(days=n) for n in range(days)]
    number: ColumnElement[int] = case(
        *((Attempt.finished < start, n) for n, start in enumerate(starts[1:])), else_=days - 1
    )
    telling = [outcome.value for outcome in Outcome if outcome.group in TELLING]
    told = Attempt.outcome.in_(telling) & (Attempt.state == AttemptState.REPORTED)
    query = (
        select(number, func.sum(case((told, 1), else_=0)), func.count(), func.sum(Attempt.duration_s))
        .where(
            Attempt.device_id.in_(devices),
            Attempt.rejudged.is_(None),
            Attempt.dispatched >= first - _LONGEST,
            Attempt.finished >= first,
        )
        .group_by(number)
    )
    found = {n: (told, ended - told, busy or 0.0) for n, told, ended, busy in session.execute(query)}
    return tuple(Day(start.date(), *found.get(n, (0, 0, 0.0))) for n, start in enumerate(starts))
