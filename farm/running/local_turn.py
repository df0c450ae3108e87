"""One process at a time does a repository's work on this machine, where there is no broker."""

from __future__ import annotations

import fcntl
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import delete, select, update

from farm.clock import utc_now
from farm.coordinator import moves
from farm.database.engine import Database
from farm.database.models import Attempt, Conversion, Probe, Repeat
from farm.states.conversions import ConversionState
from farm.states.jobs import OPEN_ATTEMPTS, JobState


class LocalTurn:
    """A lock file that the operating system gives back when its holder dies, however it dies.

    Args:
        database: where it is a file, the lock lies beside it, so that all who share the one share the other.
        otherwise: the folder of the lock for a server.
    """

    def __init__(self, database: Database, otherwise: Path) -> None:
        path = database.engine.url.database
        folder = Path(path).absolute().parent if path and _embedded(database) else otherwise
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / "local.lock").open("a")

    def taken(self) -> bool:
        """Take the turn; ``False`` where another process has it."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def take_up_orphans(database: Database) -> None:
    """Queue again what an earlier holder of the turn had begun and, being dead, cannot end; nothing counts as lost.

    On a server others may be at work, whom this machine's lock says nothing of: there, leases tell.
    """
    if not _embedded(database):
        return
    with database.write() as session:
        for table in (Conversion, Repeat, Probe):
            begun = table.state == ConversionState.RUNNING
            session.execute(update(table).where(begun).values(state=ConversionState.QUEUED))
        now, sources = utc_now(), (JobState.DISPATCHED, JobState.RUNNING)
        for attempt in session.scalars(select(Attempt).where(Attempt.state.in_(OPEN_ATTEMPTS))).all():
            moves.move_job(session, attempt.job_id, sources, JobState.QUEUED, now, "the command that ran it has ended")
        session.execute(delete(Attempt).where(Attempt.state.in_(OPEN_ATTEMPTS)))


def _embedded(database: Database) -> bool:
    return database.engine.dialect.name == "sqlite"
