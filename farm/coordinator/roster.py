"""The coordinators that run, as rows that each of them renews: whoever asks why jobs wait sees whether anybody moves them."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from farm.database.engine import Database
from farm.database.models import CoordinatorRow
from farm.database.records import clipped
from farm.errors import BrokerError, BrokerFullError
from farm.states.wait_reason import BrokerState

#: Several rounds of renewing, and the longest that a busy round takes.
HEARD_WITHIN = timedelta(seconds=30)
#: Rows of coordinators that were killed stay for as long, to be looked at.
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Coordination:
    """Whether a coordinator runs, and how those that do find the broker: usable where one of them can use it."""

    running: bool
    broker: BrokerState = BrokerState.USABLE
    message: str = ""


class Entry:
    """The row of one coordinator."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._id = uuid.uuid4().hex

    def renew(self, now: datetime, trouble: BrokerError | None = None) -> None:
        """Say that it runs, and what keeps it from using the broker."""
        state = BrokerState.USABLE
        if trouble is not None:
            state = BrokerState.FULL if isinstance(trouble, BrokerFullError) else BrokerState.UNREACHABLE
        with self._database.write() as session:
            session.execute(delete(CoordinatorRow).where(CoordinatorRow.seen < now - FORGOTTEN_AFTER))
            row = session.get(CoordinatorRow, self._id)
            if row is None:
                name = clipped(f"{socket.gethostname()}, process {os.getpid()}", 512)
                row = CoordinatorRow(id=self._id, name=name, started=now)
                session.add(row)
            row.seen, row.broker, row.message = now, state, clipped(str(trouble or ""), 1024)

    def leave(self) -> None:
        """It runs no more."""
        with self._database.write() as session:
            session.execute(delete(CoordinatorRow).where(CoordinatorRow.id == self._id))


def coordination(session: Session, now: datetime) -> Coordination:
    """What the coordinators that were heard of lately say."""
    rows = session.scalars(
        select(CoordinatorRow).where(CoordinatorRow.seen >= now - HEARD_WITHIN).order_by(CoordinatorRow.seen.desc())
    ).all()
    if not rows:
        return Coordination(running=False)
    best = next((row for row in rows if row.broker == BrokerState.USABLE), rows[0])
    return Coordination(True, BrokerState(best.broker), best.message)
