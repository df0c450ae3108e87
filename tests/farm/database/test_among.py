"""One of many values by one parameter, on either database."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from farm.database.among import among
from farm.database.engine import Database
from farm.database.models import Architecture
from farm.database.models.base import NAME

LONGEST = "n" * NAME
NAMES = (LONGEST, "net", "Net", "", "it's", 'a "b"', "a,b", "{a}", "back\\slash", "NULL", "über", "名")
_NAMED = select(Architecture.id).where(among(Architecture.name, "names"), Architecture.kind == "network")
_NUMBERED = select(Architecture.name).where(among(Architecture.id, "ids"))


@pytest.fixture
def named(database: Database) -> Database:
    with database.write() as session:
        session.add_all(Architecture(id=n, name=name, kind="network") for n, name in enumerate(NAMES, start=1))
        session.add(Architecture(id=100, name="net", kind="block"))
    return database


@pytest.mark.parametrize("wanted", [(), ("net",), NAMES, NAMES[2:], ("none", "ne", "net ", LONGEST + "n")], ids=len)
def test_what_is_in_the_list_is_found_and_no_more(named: Database, wanted: tuple[str, ...]) -> None:
    with named.read() as session:
        found = session.scalars(_NAMED, {"names": list(wanted)}).all()
        assert {NAMES[n - 1] for n in found} == set(wanted) & set(NAMES)
        assert len(found) == len(set(found))


def test_numbers_and_the_same_statement_with_another_list(named: Database) -> None:
    with named.read() as session:
        for ids in ([1, 3], [2], [2, 2, 999], []):
            assert set(session.scalars(_NUMBERED, {"ids": ids})) == {NAMES[n - 1] for n in ids if n < 100}


def test_an_index_is_used(named: Database) -> None:
    statement = str(_NUMBERED.compile(named.engine))
    if named.engine.dialect.name == "sqlite":
        with named.read() as session:
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("[1]",)).all()
        assert plan[0].detail == "SEARCH architecture USING INTEGER PRIMARY KEY (rowid=?)"
    else:  # which would read so small a table as a whole
        assert statement.endswith("WHERE architecture.id = ANY (%(ids)s::INTEGER[])")


def test_more_values_than_a_database_takes_parameters(named: Database) -> None:
    with named.read() as session:
        found = session.scalars(_NAMED, {"names": [f"net {n}" for n in range(70_000)] + ["net"]})
        assert [NAMES[n - 1] for n in found] == ["net"]
