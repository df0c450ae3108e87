"""Opening the database: SQLite (WAL) embedded, PostgreSQL by URL; reading and writing sessions; schema version."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import BigInteger, bindparam, create_engine, event, func, make_url, select, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError, ProgrammingError
from sqlalchemy.exc import OperationalError as DatabaseOperationalError
from sqlalchemy.orm import Session

from farm.database.server import attend
from farm.database.statements import Statement, ask
from farm.errors import InfrastructureError, UsageError
from farm.settings import QUOTE, redacted

log = logging.getLogger("farm.database")
#: The migration that this code wants; a test holds it against the newest file in ``migrations/versions``.
SCHEMA_VERSION = "0024"
BUSY_TIMEOUT_MS = 30_000
#: Of 4 KiB each, that SQLite's log may hold until they are moved into the database: that takes two waits for the disk, and what
#: was written ten times is moved once.
CHECKPOINT_PAGES = 8000
#: Any numbers that no other program takes locks by on the same PostgreSQL database.
_TURN, _STORE = 0x6661_726D, 0x6661_726E
#: States of SQL: a privilege that is lacking, and a server that only reads.
_REFUSALS = ("42501", "25006")
_KINDS = "write postgresql://user:password@host/name or sqlite:///path"
_TAKE = Statement(select(func.pg_advisory_xact_lock(bindparam("turn", type_=BigInteger())).label("taken")))


class Database:
    """Sessions on one database.

    Raises (from every method):
        InfrastructureError: the database cannot be reached, is locked for too long, or is damaged; nothing was written.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads."""
        with _explained(self.url), Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self, *, in_turn: bool = False, with_store: bool = False) -> Iterator[Session]:
        """A session that commits at the end, or rolls back where its body raises.

        With ``in_turn`` no two of them overlap, so that a body can look whether a row is there and make it if it is not. With
        ``with_store`` no two of those do, so that a body can look whether artifacts are there and record that they are, or
        remove those that no row names. On SQLite no two ever overlap.
        """
        with _explained(self.url), Session(self.engine, expire_on_commit=False) as session, session.begin():
            # It begins now: on SQLite a body is in turn though it looks at other things first.
            session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            if with_store:
                _lock(session, _STORE)
            if in_turn:
                take_turn(session)
            yield session

    def version(self) -> str | None:
        """The schema's migration, ``None`` for an empty database."""
        with _explained(self.url), self.engine.connect() as connection:
            try:
                return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            except (DatabaseOperationalError, ProgrammingError) as error:
                if "alembic_version" in str(error.orig) and not _refused(error):
                    return None
                raise

    def upgrade(self) -> None:
        """Bring the schema to :data:`SCHEMA_VERSION`.

        Raises:
            InfrastructureError: it is a newer one.
        """
        _check_not_newer(self, self.version())
        migrate(self, "head")

    def close(self) -> None:
        self.engine.dispose()


def keep_loaded(session: Session) -> None:
    """Keep the rows that are loaded until the session ends: what is asked for again by its key is then no query.

    A session itself keeps those only that somebody holds.
    """
    kept: list[object] = []
    event.listen(session, "loaded_as_persistent", lambda _session, row: kept.append(row))


def open_database(url: str) -> Database:
    """The database at ``url`` with a schema that fits this code.

    An embedded SQLite database is created and migrated on the way; a server is only ever migrated by ``farm db upgrade``.
    """
    database = Database(url)
    version = database.version()
    if version == SCHEMA_VERSION:
        return database
    if database.engine.dialect.name == "sqlite":
        database.upgrade()
        return database
    database.close()
    _check_not_newer(database, version)
    raise InfrastructureError(
        f"the database at {redacted(url)} has schema {version or 'none'}, this farm wants {SCHEMA_VERSION}: "
        "run `farm db upgrade`"
    )


def _check_not_newer(database: Database, version: str | None) -> None:
    if version is not None and version > SCHEMA_VERSION:
        raise InfrastructureError(
            f"the database at {redacted(database.url)} has schema {version}, this farm knows {SCHEMA_VERSION}: "
            "update this installation"
        )


def take_turn(session: Session) -> None:
    """From here on as with ``in_turn``: for a body that has first to look at something slow."""
    _lock(session, _TURN)


def _lock(session: Session, turn: int) -> None:
    if session.get_bind().dialect.name == "postgresql":  # on SQLite every writer has it from its beginning
        _ = ask(session, _TAKE, {"turn": turn}).rows


def migrate(database: Database, revision: str) -> None:
    """Run the migrations up or down to ``revision`` (``head``, ``base`` or a number)."""
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it has a line for each of its plugins, and for each step
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    before = database.version()
    up = revision == "head" or (revision != "base" and (before or "") < revision)
    # Two commands that find an empty database migrate it one after the other: the second finds nothing to do.
    engine = database.engine.execution_options(sqlite_begin="IMMEDIATE")
    with _explained(database.url), engine.connect() as connection, _tables_rebuilt(connection), connection.begin():
        config.attributes["connection"] = connection
        (command.upgrade if up else command.downgrade)(config, revision)
        if engine.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise InfrastructureError(f"the database at {redacted(database.url)} refers to rows that it does not have")
    if (after := database.version()) != before:
        log.info("the database at %s: schema %s → %s", redacted(database.url), before or "none", after or "none")


@contextmanager
def _tables_rebuilt(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew, which no other table's reference to it may hinder: checked at the end."""
    if connection.dialect.name != "sqlite":
        yield
        return
    cursor = connection.connection.cursor()  # the driver's own: within a transaction the switch has no effect
    cursor.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        cursor.execute("PRAGMA foreign_keys=ON")


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise UsageError(
                f"FARM_DATABASE_URL {redacted(url)}: the farm keeps its table in SQLite or PostgreSQL: {_KINDS}"
            )
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            _make_folder(Path(parsed.database).parent)
        engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError):
        raise UsageError(f"FARM_DATABASE_URL {redacted(url)} is not a database URL: {_KINDS}") from None
    except ValueError:
        # Not the library's text: what it takes for the port may be a part of the password.
        raise UsageError(f"FARM_DATABASE_URL {redacted(url)} is not a database URL: {QUOTE}") from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    else:
        attend(engine)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InfrastructureError(
            f"the folder of the database, {folder}, cannot be made: {error.strerror}; correct FARM_DATABASE_URL"
        ) from None


def _sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin below, not in the driver
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
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


@contextmanager
def _explained(url: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if not _unusable(error):
            raise  # a statement that is wrong, or a constraint: a mistake of this code, to be seen as one
        reason = str(error.orig).splitlines()[0]
        raise InfrastructureError(f"the database at {redacted(url)} cannot be used: {reason}") from error


def _unusable(error: DBAPIError) -> bool:
    """Whether the database is at fault: away, locked, full, broken off in the middle, a file that is none or is damaged; or
    refuses the account.
    """
    damaged = type(error) is DatabaseError  # drivers have kinds of their own for all else
    away = isinstance(error, DatabaseOperationalError) or error.connection_invalidated
    return away or damaged or _refused(error)


def _refused(error: DBAPIError) -> bool:
    """Whether a PostgreSQL says that this account may not do it, or nobody, as one that only follows another does."""
    return getattr(error.orig, "sqlstate", None) in _REFUSALS
