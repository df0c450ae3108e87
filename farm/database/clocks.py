"""The clock of this machine beside the database server's. What several processes enter and wait for is timed by their own."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from farm.clock import utc_now
from farm.database.engine import Database
from farm.errors import InfrastructureError
from farm.words import span

#: Machines that are set by one source differ by less than a second; leases last minutes.
APART = timedelta(minutes=1)


def clock_ahead(database: Database) -> timedelta:
    """How far this machine's clock is ahead of the database server's, surely; below 0: behind. Of an embedded database 0.

    Raises:
        InfrastructureError: the database cannot be used.
    """
    if database.engine.dialect.name == "sqlite":
        return timedelta()
    with database.read() as session:
        session.connection()  # made now: it may take a while
        before = utc_now()
        theirs: datetime = session.scalars(select(func.clock_timestamp())).one()
        after = utc_now()
    if theirs < before:
        return before - theirs
    return min(timedelta(), after - theirs)


def apart(database: Database) -> str:
    """What is to be said of clocks that are too far apart; empty where they are not."""
    ahead = clock_ahead(database)
    if abs(ahead) <= APART:
        return ""
    way = "ahead of" if ahead > timedelta() else "behind"
    return f"the clock of this machine is {span(abs(ahead))} {way} that of the database server: set them by one source (NTP)"


def check_clocks(database: Database) -> None:
    """Raise :class:`~farm.errors.InfrastructureError` where leases, heartbeats and deadlines would be timed wrongly."""
    if what := apart(database):
        raise InfrastructureError(f"nothing is done: {what}")
