"""This machine's clock beside a real PostgreSQL's."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from farm.clock import utc_now
from farm.database import clocks
from farm.database.clocks import apart, check_clocks, clock_ahead
from farm.database.engine import Database
from farm.errors import InfrastructureError

on_server = pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.server)], indirect=True)


def moved(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    def now() -> datetime:
        return utc_now() + by

    monkeypatch.setattr(clocks, "utc_now", now)


def test_clocks_that_agree_are_no_matter(database: Database) -> None:
    assert abs(clock_ahead(database)) < timedelta(seconds=1)
    check_clocks(database)


@on_server
@pytest.mark.parametrize(
    ("by", "said"),
    [
        (timedelta(seconds=50), ""),
        (timedelta(minutes=-10), "the clock of this machine is 10 min behind that of the database server"),
        (timedelta(days=400), "the clock of this machine is 400.0 d ahead of that of the database server"),
    ],
)
def test_by_how_much_they_are_apart_is_said(
    database: Database, monkeypatch: pytest.MonkeyPatch, by: timedelta, said: str
) -> None:
    moved(monkeypatch, by)
    assert abs(clock_ahead(database) - by) < timedelta(seconds=1)
    assert apart(database).partition(": ")[0] == said
    if said:
        with pytest.raises(InfrastructureError, match=f"nothing is done: {said}"):
            check_clocks(database)


def test_an_embedded_database_has_none_of_its_own(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    moved(monkeypatch, timedelta(days=1))
    assert bool(clock_ahead(database)) is (database.engine.dialect.name == "postgresql")
