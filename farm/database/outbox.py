"""The outbox: what is to be told stands in the database before anybody sends it, and until everybody has taken it.

::

    notify ──► for nobody yet ──► waiting, a row for each target ──► delivered | given up
                    addressed       │     ▲
                                    └─────┘  claimed under a lease; not taken: due again, later each time
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, CursorResult, delete, select, update
from sqlalchemy.orm import Session

from farm.clock import utc_now
from farm.database.models import Outbox
from farm.database.records import clipped, record_event
from farm.states.notifications import Kind, Notification

MAX_SUBJECT, MAX_ERROR = 128, 1024
#: From the first pause to the longest one between two tries.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
#: For as long a claim holds: longer than one request takes.
LEASE = timedelta(seconds=120)
#: How long a row stays that was taken or given up, and how long one waits whose target nobody knows any more.
KEPT = timedelta(days=30)
GIVEN_UP = "notification given up"


class OutboxState(StrEnum):
    """Where a row stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is this process's to send, for the ``tries``-th time."""

    row: int
    target: str
    tries: int
    notification: Notification


def notify(
    session: Session, kind: Kind, subject: str, detail: Mapping[str, object], now: datetime | None = None
) -> None:
    """Tell others of a change, once the transaction that makes it is committed."""
    at = now or utc_now()
    session.add(
        Outbox(
            notification=uuid.uuid4().hex,
            kind=kind,
            subject=clipped(subject, MAX_SUBJECT),
            detail=dict(detail),
            at=at,
            state=OutboxState.WAITING,
            due=at,
        )
    )


def has_unaddressed(session: Session) -> bool:
    """Whether anything is for nobody yet."""
    return session.scalar(select(Outbox.id).where(*_unaddressed()).limit(1)) is not None


def address(session: Session, targets: Mapping[str, Collection[str]]) -> None:
    """Make of what is for nobody yet a row for each target that wants its kind; of what nobody wants, none."""
    for row in session.scalars(select(Outbox).where(*_unaddressed()).order_by(Outbox.id)).all():
        for target, kinds in targets.items():
            if row.kind in kinds:
                session.add(
                    Outbox(
                        notification=row.notification,
                        kind=row.kind,
                        subject=row.subject,
                        detail=row.detail,
                        at=row.at,
                        state=OutboxState.WAITING,
                        due=row.due,
                        target=target,
                    )
                )
        session.delete(row)


def due_rows(session: Session, target: str, now: datetime, limit: int) -> Sequence[int]:
    """Rows that are to be sent to a target now, the longest due first."""
    waiting = select(Outbox.id).where(Outbox.state == OutboxState.WAITING, Outbox.target == target, Outbox.due <= now)
    return session.scalars(waiting.order_by(Outbox.due, Outbox.id).limit(limit)).all()


def claim(session: Session, row: int, now: datetime) -> Claim | None:
    """Take a row to send; ``None`` where another process was quicker."""
    found = session.execute(
        update(Outbox)
        .where(Outbox.id == row, Outbox.state == OutboxState.WAITING, Outbox.due <= now)
        .values(due=now + LEASE, tries=Outbox.tries + 1)
        .returning(Outbox)
    ).scalar_one_or_none()
    if found is None or found.target is None:
        return None
    said = Notification(found.notification, found.kind, found.subject, found.detail, found.at)
    return Claim(found.id, found.target, found.tries, said)


def delivered(session: Session, done: Claim, now: datetime) -> None:
    """The target has taken it."""
    _settle(session, done, OutboxState.DELIVERED, now, "")


def not_taken(
    session: Session, failed: Claim, error: str, now: datetime, most: int, wanted_s: float | None = None
) -> bool:
    """It was not taken; whether that was the last of ``most`` tries. The target may have ``wanted_s`` seconds of rest."""
    error = clipped(error, MAX_ERROR)
    if failed.tries < most:
        rest = min(max(pause(failed.tries), timedelta(seconds=wanted_s or 0.0)), LONGEST_PAUSE)
        mine = (Outbox.id == failed.row) & (Outbox.tries == failed.tries) & (Outbox.state == OutboxState.WAITING)
        session.execute(update(Outbox).where(mine).values(due=now + rest, error=error))
        return False
    if _settle(session, failed, OutboxState.GIVEN_UP, now, error):
        _record_given_up(session, failed.notification, failed.target, failed.tries, error, now)
    return True


def pause(tries: int) -> timedelta:
    """From the end of the ``tries``-th try to the next one."""
    return min(FIRST_PAUSE * (1 << min(tries - 1, 20)), LONGEST_PAUSE)


def tidy(session: Session, targets: Collection[str], now: datetime) -> None:
    """Forget what is settled long since, and give up what has waited as long for a target that is not configured."""
    session.execute(delete(Outbox).where(Outbox.state != OutboxState.WAITING, Outbox.settled < now - KEPT))
    old = select(Outbox).where(Outbox.state == OutboxState.WAITING, Outbox.at < now - KEPT)
    for row in session.scalars(old.where(Outbox.target.not_in(targets))).all():
        row.state, row.settled, row.error = OutboxState.GIVEN_UP, now, "no such target is configured"
        said = Notification(row.notification, row.kind, row.subject, row.detail, row.at)
        _record_given_up(session, said, row.target or "", row.tries, row.error, now)


def _unaddressed() -> list[ColumnElement[bool]]:
    return [Outbox.state == OutboxState.WAITING, Outbox.target.is_(None)]


def _settle(session: Session, done: Claim, state: OutboxState, now: datetime, error: str) -> bool:
    mine = (Outbox.id == done.row) & (Outbox.state == OutboxState.WAITING)
    result = session.execute(update(Outbox).where(mine).values(state=state, settled=now, error=error))
    return isinstance(result, CursorResult) and result.rowcount == 1


def _record_given_up(session: Session, said: Notification, target: str, tries: int, error: str, now: datetime) -> None:
    record_event(
        session, GIVEN_UP, said.id, now, target=target, tries=tries, error=error, kind_of=said.kind, about=said.subject
    )
