from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from farm.conversion import passed
from farm.conversion.passed import passed_commits
from farm.database.engine import Database
from farm.database.models import Architecture
from farm.inventory import Inventory
from tests.farm.rows import START, judge, submit
from workers.outcome import Outcome

DAY = timedelta(days=1)


def found(database: Database, name: str = "net", kind: str = "network") -> dict[str, list[str]]:
    with database.read() as session:
        query = select(Architecture.id).where(Architecture.name == name, Architecture.kind == kind)
        return passed_commits(session, session.scalars(query).one())


def test_the_commits_that_passed_newest_first(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], "c1", version="1")
    submit(database, inventory, ["net"], "c3", version="3", date=START + 3 * DAY)
    judge(database, inventory)
    submit(database, inventory, ["net"], "c2", version="2", date=START + 2 * DAY)
    judge(database, inventory, Outcome.MISMATCH)
    submit(database, inventory, ["net"], "c4", version="1", date=START + 4 * DAY)  # reverted
    submit(database, inventory, ["net"], "c5", version="5", date=START + 5 * DAY)  # not judged
    expected = ["c4", "c3", "c1"]
    assert found(database) == {"numpy": expected, "torch": expected}


def test_another_architectures_passes_are_not_its_own(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], "c1")
    judge(database, inventory, Outcome.MISMATCH)
    submit(database, inventory, ["other"], "c1", kind="block")
    judge(database, inventory)
    assert found(database) == {}
    assert found(database, "other", "block") == {"numpy": ["c1"], "torch": ["c1"]}


def test_only_so_many_are_named(database: Database, inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passed, "NAMED", 2)
    for n in range(4):
        submit(database, inventory, ["net"], f"c{n}", date=START + n * DAY)
    judge(database, inventory)
    assert found(database)["numpy"] == ["c3", "c2"]
