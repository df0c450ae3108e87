"""The index's database: SQLite (WAL) beside the weights by default, PostgreSQL by URL.

There are no migrations, since nothing is in the index that is not in a metadata file: tables of an older version are dropped
and made anew from the files. It is an engine of its own, as training hosts have no farm.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, event, inspect, make_url, select, text
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from mcore.checkpoints.errors import CheckpointError, StoreUnavailableError
from mcore.checkpoints.tables import SCHEMA_VERSION, Base, Schema

BUSY_TIMEOUT_MS = 30_000
#: Any number that no other program takes locks by on the same PostgreSQL database.
_TURN = 0x6368_6B70


class Database:
    """Sessions on the index.

    Raises (from every method):
        StoreUnavailableError: it cannot be reached or is locked for too long; nothing was written.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.shown = _hidden(url)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads."""
        with self._explained(), Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back where its body raises; no two of them overlap."""
        engine = self.engine.execution_options(sqlite_begin="IMMEDIATE")
        with self._explained(), Session(engine, expire_on_commit=False) as session, session.begin():
            session.connection()  # begins now: on SQLite a body is in turn though it looks at other things first
            if engine.dialect.name == "postgresql":
                session.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})
            yield session

    def prepare(self) -> bool:
        """Make the tables where they are missing or of an older version; whether they are new, and so empty.

        Raises:
            StoreUnavailableError: they are of a newer version.
        """
        with self.read() as session:
            if self._version(session) == SCHEMA_VERSION:
                return False
        with self.write() as session:
            version = self._version(session)
            if version == SCHEMA_VERSION:  # another process was quicker
                return False
            if version is not None and version > SCHEMA_VERSION:
                raise StoreUnavailableError(
                    f"the index at {self.shown} is of version {version}, this code knows {SCHEMA_VERSION}: update it"
                )
            connection = session.connection()
            Base.metadata.drop_all(connection)
            Base.metadata.create_all(connection)
            session.add(Schema(version=SCHEMA_VERSION))
        return True

    def _version(self, session: Session) -> int | None:
        if not inspect(session.connection()).has_table(Schema.__tablename__):
            return None
        return session.scalar(select(Schema.version))

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if isinstance(error, OperationalError):
                reason = str(error.orig).splitlines()[0]
                raise StoreUnavailableError(f"the index at {self.shown} cannot be used: {reason}") from error
            raise


def _engine(url: str) -> Engine:
    try:
        parsed = _parsed(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        kind = parsed.get_backend_name()
        if kind not in ("sqlite", "postgresql"):
            raise CheckpointError(f"{_hidden(url)}: the index of checkpoints is in SQLite or PostgreSQL")
        engine = _made(parsed)
    except (ArgumentError, NoSuchModuleError) as error:
        raise CheckpointError(f"{_hidden(url)} is not a database URL: {error}") from None
    if kind == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    return engine


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ValueError:
        # Not the library's text: what it takes for the port may be a part of the password.
        raise CheckpointError(
            f"{_hidden(url)} is not a database URL: quote @ as %40 and / as %2F in a password"
        ) from None


def _made(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite" and url.database:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailableError(f"{url.database}: cannot be made: {error.strerror}") from None
    return create_engine(url, pool_pre_ping=url.get_backend_name() == "postgresql")


def _hidden(url: str) -> str:
    """The URL as it may be printed: without its password, be it where it belongs or a parameter."""
    shown = re.sub(r"://([^:/@]*):(.+)@", r"://\1:***@", url)
    return re.sub(r"([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*", r"\1***", shown, flags=re.IGNORECASE)


def _sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin below, not in the driver
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA synchronous=FULL")  # what was saved is there after a power cut, too
    connection.execute("PRAGMA foreign_keys=ON")
    # Of two processes that make a new database, SQLite refuses one this switch at once, whatever the timeout says.
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _sqlite_begin(connection: Connection) -> None:
    # A reader that turns writer half-way fails at once in WAL mode; writers therefore say so when they begin.
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_begin', 'DEFERRED')}")
