"""Counting what is asked of a database, and what is read for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from farm.database.engine import Database


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def read_whole(database: Database, said: list[str]) -> set[str]:
    """The tables that SQLite reads from end to end for the queries among what was ``said``."""
    steps = [step.split() for step in steps_of(database, said)]
    return {step[1] for step in steps if step[0] == "SCAN" and "INDEX" not in step}


def steps_of(database: Database, said: list[str]) -> list[str]:
    """How SQLite goes about the queries among what was ``said``, step by step."""
    queries = [statement for statement in said if statement.startswith("SELECT")]
    with database.engine.connect() as connection:
        plans = [
            connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", (None,) * query.count("?")) for query in queries
        ]
        return [row.detail for plan in plans for row in plan]
