"""Known issues: signatures of failures that somebody answers for, until a day. One that has expired excuses nothing.

An issue excuses what fails with its signature, wherever that is; another failure of the same network has another signature, and
is not excused. It is flagged when it has outlived its use: its cells pass again, or its day is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.database.models import KnownIssue, Regression
from farm.database.records import clipped, record_event
from farm.errors import NotFoundError, UsageError
from farm.regressions.signature import signature
from farm.states.cell import Cell


class Standing(StrEnum):
    """How it is with a known issue."""

    OPEN = "open"
    PASSES = "passes again"
    UNSEEN = "never seen"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Issue:
    """A known issue: with how many open regressions it is about, and how many there ever were."""

    signature: str
    text: str
    owner: str
    until: date
    note: str
    created: datetime
    created_by: str
    open: int
    seen: int
    standing: Standing


def standing_of(until: date, today: date, open_now: int, seen: int) -> Standing:
    """How it is with an issue that counts up to and with the day ``until``; pure."""
    if today > until:
        return Standing.EXPIRED
    if open_now:
        return Standing.OPEN
    return Standing.PASSES if seen else Standing.UNSEEN


def list_known(session: Session, now: datetime) -> list[Issue]:
    """All known issues, those that want attention first, then by their day."""
    counted = select(Regression.signature, func.count(), func.count().filter(Regression.closed.is_(None)))
    counts = {s: (seen, left) for s, seen, left in session.execute(counted.group_by(Regression.signature))}
    issues = []
    for row in session.scalars(select(KnownIssue)):
        seen, left = counts.get(row.signature, (0, 0))
        last = _day(row.until)
        how = standing_of(last, now.astimezone(UTC).date(), left, seen)
        issues.append(
            Issue(
                row.signature,
                row.text,
                row.owner,
                last,
                row.note,
                row.created,
                row.created_by,
                left,
                seen,
                how,
            )
        )
    return sorted(issues, key=lambda i: (i.standing is Standing.OPEN, i.until, i.signature))


def excusing(session: Session, now: datetime) -> dict[str, str]:
    """The signatures that are excused now, and of each who answers for it, until when."""
    query = select(KnownIssue.signature, KnownIssue.owner, KnownIssue.until).where(KnownIssue.until > now)
    return {row.signature: f"{row.owner}, until {_day(row.until)}" for row in session.execute(query)}


def cell_signature(cell: Cell) -> str | None:
    """The signature of what a cell of a table fails with; ``None`` where it has no outcome."""
    if cell.outcome is None:
        return None
    layer = cell.first_divergent_layer
    op = (layer.signature or layer.op) if layer else ""
    return signature(cell.outcome, cell.cause or "unknown", op, cell.message).key


def excused(cell: Cell, excuses: Mapping[str, str]) -> str | None:
    """Who answers for the failure of a cell, and until when, by :func:`excusing`; ``None`` where nobody does."""
    key = cell_signature(cell)
    return excuses.get(key) if key is not None else None


def add_known(
    session: Session, asked: str, owner: str, until: date, note: str, by: str, now: datetime
) -> tuple[KnownIssue, bool]:
    """Enter an issue, or give one that is there another owner, day and note; and whether it is new.

    Args:
        session: to write with.
        asked: a signature of a regression, or its first digits.
        owner: who answers for it.
        until: the last day on which it counts.
        note: what is known.
        by: who enters it.
        now: the time.

    Raises:
        NotFoundError: no regression has such a signature.
        UsageError: several have; or the day is over.
    """
    if until < now.astimezone(UTC).date():
        raise UsageError(f"--until {until} is over: a known issue that has expired excuses nothing")
    if not owner.strip():
        raise UsageError("--owner is empty: somebody has to answer for a known issue")
    seen = dict.fromkeys(session.scalars(select(Regression.signature).order_by(Regression.id)))
    key = _one(asked, seen)
    text = session.scalars(select(Regression.signature_text).where(Regression.signature == key).limit(1)).one()
    row = session.get(KnownIssue, key)
    new = row is None
    if row is None:
        row = KnownIssue(signature=key, text=text, created=now, created_by=clipped(by, 128))
        session.add(row)
    row.owner, row.note = clipped(owner.strip(), 128), clipped(note, 1024)
    row.until = datetime.combine(until + timedelta(days=1), time(), UTC)
    record_event(session, "known issue set", key, now, owner=row.owner, until=until.isoformat(), by=by)
    return row, new


def remove_known(session: Session, asked: str, by: str, now: datetime) -> str:
    """Forget an issue, named by its signature or the first digits of it; the signature."""
    key = _one(asked, session.scalars(select(KnownIssue.signature)), "known issue")
    session.delete(session.get_one(KnownIssue, key))
    record_event(session, "known issue removed", key, now, by=by)
    return key


def _one(asked: str, known: Iterable[str], what: str = "signature") -> str:
    names = list(known)
    found = [key for key in names if key.startswith(asked.lower())] if asked else []
    if not found:
        raise NotFoundError(what, asked, names)
    if len(found) > 1:
        raise UsageError(f"{len(found)} begin with {asked!r}: give more digits")
    return found[0]


def _day(until: datetime) -> date:
    """The last day that counts, of the moment at which it is over."""
    return (until - timedelta(microseconds=1)).date()
