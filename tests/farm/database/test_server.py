"""The connections of a PostgreSQL: ended in the middle of a turn, or while they lay idle, and what a turn asks of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, text

from farm.database import server
from farm.database.engine import Database
from farm.database.models import Event
from farm.database.models.base import table_of
from farm.database.server import by_index
from farm.database.statements import Statement, ask, put
from farm.errors import InfrastructureError
from tests.farm.databases import on_server

ENTER = Statement(insert(table_of(Event)))
NOTED = Statement(select(Event.subject).order_by(Event.id))
ROWS = [{"at": datetime(2026, 1, 2, tzinfo=UTC), "kind": "k", "subject": "a", "detail": {}}]
pytestmark = pytest.mark.server


@pytest.fixture
def database(postgresql: str, migrated_postgresql: str) -> Iterator[Database]:
    with on_server(postgresql, migrated_postgresql) as url:
        made = Database(url)
        yield made
        made.close()


def end_all(database: Database) -> None:
    """End all connections of a database, as a server does that starts again."""
    other = Database(database.url)
    with other.engine.connect() as connection:
        those = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid, 5000) FROM {those}"))
    other.close()


def ended_in_a_turn(database: Database, last: str, *, waited: bool) -> None:
    with database.write(in_turn=True) as session:
        put(session, ENTER, ROWS)
        if waited:
            assert ask(session, NOTED).rows
        end_all(database)
        if last == "ask":
            _ = ask(session, NOTED).rows
        elif last == "put":
            put(session, ENTER, ROWS)
        elif last == "sqlalchemy":
            session.scalars(select(Event)).all()


@pytest.mark.parametrize("last", ["ask", "put", "sqlalchemy", "nothing"])
@pytest.mark.parametrize("waited", [False, True])
def test_a_connection_that_is_ended_in_a_turn_is_said_and_the_next_turn_has_another(
    database: Database, last: str, *, waited: bool
) -> None:
    with pytest.raises(InfrastructureError, match="cannot be used"):
        ended_in_a_turn(database, last, waited=waited)
    with database.write(in_turn=True) as session:
        assert ask(session, NOTED).rows == []
        put(session, ENTER, ROWS)
    with database.read() as session:
        assert [row.subject for row in ask(session, NOTED).rows] == ["a"]


def test_a_connection_that_lay_idle_is_asked_whether_it_is_there(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.read() as session:
        _ = ask(session, NOTED).rows
    end_all(database)
    monkeypatch.setattr(server, "FRESH_S", 1000.0)
    with pytest.raises(InfrastructureError), database.read() as session:  # one that was used just now is not
        _ = ask(session, NOTED).rows
    with database.read() as session:
        _ = ask(session, NOTED).rows
    end_all(database)
    monkeypatch.setattr(server, "FRESH_S", 0.0)
    with database.write() as session:
        put(session, ENTER, ROWS)


def test_a_turn_has_plans_for_tables_that_grow_and_nobody_else_has(database: Database) -> None:
    plain = text("SELECT current_setting('enable_seqscan'), current_setting('plan_cache_mode')")
    with database.write() as session:
        before = tuple(session.execute(plain).one())
        by_index(session)
        assert tuple(session.execute(plain).one()) == ("off", "force_generic_plan")
    with database.read() as session:
        assert tuple(session.execute(plain).one()) == before == ("on", "auto")
