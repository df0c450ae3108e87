"""What is done for the connections of a PostgreSQL, beside what SQLAlchemy does."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from sqlalchemy import event, func, select, true
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import Session

from farm.database.statements import Statement, ask, explained, finish, settle

#: Execution option of statements that read many bytes: as text, PostgreSQL's usual form, they are twice as long.
BINARY_ROWS = "farm_binary_rows"
#: A connection that was used so lately is not asked whether it is there still before it is used again.
FRESH_S = 1.0
_LEFT = "farm_left"
_BY_INDEX = Statement(
    select(
        func.set_config("enable_seqscan", "off", true()).label("scans"),
        func.set_config("plan_cache_mode", "force_generic_plan", true()).label("plans"),
    )
)


def by_index(session: Session) -> None:
    """Have the questions of this transaction answered along indexes, which those of a turn all have, by plans made once.

    PostgreSQL would plan anew each time that a list is given, which takes longer than the answer. And of a table that is small
    when the plan is made it would read all, and go on with that while the table grows.
    """
    if session.get_bind().dialect.name == "postgresql":
        ask(session, _BY_INDEX)


def attend(engine: Engine) -> None:
    """Ask connections that lay idle whether they are there, and wait for what was sent without being waited for
    (:mod:`farm.database.statements`) before anything else is.
    """
    import psycopg  # takes a fifth of a second, which who has an SQLite need not wait for

    def connect(driver: Any, _record: Any) -> None:
        # What it prepared the driver forgets with each rollback, by one command for all that is prepared on a connection.
        driver.prepare_threshold = None

    def before_statement(
        connection: Connection, cursor: Any, statement: str, _values: object, context: Any, _many: bool
    ) -> None:
        if context is None:
            return  # one that is not waited for
        try:
            settle(connection.info)
        except psycopg.Error as error:
            raise explained(connection, error, statement) from error
        if context.execution_options.get(BINARY_ROWS):
            cursor.format = 1

    def before_commit(connection: Connection) -> None:
        try:
            finish(connection)
        except psycopg.Error as error:
            raise explained(connection, error, "COMMIT") from error

    def before_rollback(connection: Connection) -> None:
        # An error of what was sent was raised, or stands behind one that was.
        if not connection.invalidated:
            with contextlib.suppress(psycopg.Error):
                settle(connection.info)

    def checkin(_driver: Any, record: Any) -> None:
        try:
            settle(record.info)
        except psycopg.Error as error:
            record.invalidate(error)
        record.info[_LEFT] = time.monotonic()

    def checkout(driver: Any, record: Any, _fairy: object) -> None:
        left = record.info.get(_LEFT)
        if left is None or time.monotonic() - left < FRESH_S:
            return
        try:
            driver.execute("")
            driver.rollback()
        except psycopg.Error as error:
            raise InvalidatePoolError from error  # then SQLAlchemy makes another one, and no use of those as old

    event.listen(engine, "connect", connect)
    event.listen(engine, "before_cursor_execute", before_statement)
    event.listen(engine, "commit", before_commit)
    event.listen(engine, "rollback", before_rollback)
    event.listen(engine, "checkin", checkin)
    event.listen(engine, "checkout", checkout)
