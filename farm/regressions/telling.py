"""Telling others that a regression opened, or is over: once for all that one commit did in one way.

A commit that breaks a block fails a hundred cells with one signature. The first of these is told of when it opens, and the
last one when it closes; the list of regressions has the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from farm.database.models import Regression
from farm.database.outbox import notify
from farm.regressions.known import excusing
from farm.regressions.rows import Turn, Turned, state_of
from farm.states.notifications import Kind

_OPENS = (Turn.OPENED, Turn.REOPENED)
_ENDS = (Turn.CLOSED, Turn.WITHDRAWN)


def tell(session: Session, turned: Sequence[Turned], now: datetime) -> None:
    """Tell of regressions of which something is new; of one that opened and closed at once, there is nothing to tell."""
    turns: dict[int, set[Turn]] = {}
    for one in turned:
        turns.setdefault(one.regression, set()).add(one.turn)
    for number, made in turns.items():
        opens, ends = not made.isdisjoint(_OPENS), not made.isdisjoint(_ENDS)
        if opens == ends:
            continue
        row = session.get_one(Regression, number, options=[joinedload(Regression.architecture)])
        others = _others(session, row, opens=opens)
        if not others:
            kind = Kind.REGRESSION_OPENED if opens else Kind.REGRESSION_CLOSED
            notify(session, kind, str(number), _detail(session, row, now), now)


def _others(session: Session, row: Regression, *, opens: bool) -> int:
    """Others of the same commit and signature: those that were told of before, or those that are still open."""
    alike = (
        select(func.count())
        .select_from(Regression)
        .where(
            Regression.signature == row.signature,
            Regression.first_bad == row.first_bad,
            Regression.id < row.id if opens else Regression.id != row.id,
            Regression.closed.is_(None),
        )
    )
    return session.scalar(alike) or 0


def _detail(session: Session, row: Regression, now: datetime) -> dict[str, object]:
    return {
        "architecture": row.architecture.key,
        "device": row.device_type.name,
        "state": state_of(row),
        "last_good": row.last_good,
        "first_bad": row.first_bad,
        "fixed": row.fixed,
        "open_on": list(row.open_on),
        "outcome": row.outcome,
        "cause": row.cause,
        "reason": row.reason,
        "signature": row.signature,
        "signature_text": row.signature_text,
        "known_issue": excusing(session, now).get(row.signature),
    }
