"""What was known of one architecture at each commit: the newest first, as the table of that commit has it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farm.database.engine import Database
from farm.errors import NotFoundError, UsageError
from farm.inventory import Inventory
from farm.states.verdict import Provenance, Verdict
from farm.table.history import History, read_history
from farm.table.table import build_table
from tests.farm.rows import START, judge, submit
from workers.outcome import Cause, Outcome

DAY = timedelta(days=1)


def read(
    database: Database, inventory: Inventory, name: str = "net", kind: str | None = None, limit: int = 9
) -> History:
    with database.read() as session:
        return read_history(session, inventory, name, kind, limit)


def test_every_commit_has_its_verdict_and_how_it_is_known(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], "c1", version="1")
    judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK)
    submit(database, inventory, ["net"], "c2", version="2", date=START + DAY)
    judge(database, inventory)
    submit(database, inventory, ["net"], "c3", version="2", date=START + 2 * DAY)
    submit(database, inventory, ["other"], "c4", date=START + 3 * DAY)
    submit(database, inventory, ["net"], "c3+dirty.1", version="3", date=START + 2 * DAY)
    made = read(database, inventory)
    assert (made.name, made.kind, made.devices, made.older) == ("net", "network", ("numpy", "torch"), 0)
    assert [(e.commit, e.row.cells["numpy"].verdict, e.row.cells["numpy"].provenance) for e in made.entries] == [
        ("c3+dirty.1", Verdict.SUPPORTED, Provenance.STALE),
        ("c3", Verdict.SUPPORTED, Provenance.INHERITED),
        ("c2", Verdict.SUPPORTED, Provenance.OBSERVED),
        ("c1", Verdict.FAILED, Provenance.OBSERVED),
    ]
    assert [e.date for e in made.entries] == [START + 2 * DAY, START + 2 * DAY, START + DAY, START]
    with database.read() as session:
        for entry in made.entries:
            assert build_table(session, entry.commit, inventory, "net").rows == (entry.row,)


def test_of_many_commits_the_newest_are_read_and_the_others_counted(database: Database, inventory: Inventory) -> None:
    for day in range(4):
        submit(database, inventory, ["net"], f"c{day}", date=START - day * DAY)
    made = read(database, inventory, limit=3)
    assert ([e.commit for e in made.entries], made.older) == (["c0", "c1", "c2"], 1)


def test_two_of_a_name_have_histories_of_their_own(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], "c1")
    submit(database, inventory, ["net"], "c2", kind="block", date=START + DAY)
    submit(database, inventory, ["net"], "c2", submitted=START + DAY, date=START + DAY)
    assert [e.commit for e in read(database, inventory, kind="network").entries] == ["c2", "c1"]
    assert [(e.commit, e.row.kind) for e in read(database, inventory, kind="block").entries] == [("c2", "block")]
    with pytest.raises(UsageError, match="say --kind network or block"):
        read(database, inventory)


def test_what_was_never_submitted_is_not_found(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["resnet50"], "c1")
    with pytest.raises(NotFoundError, match="did you mean resnet50"):
        read(database, inventory, "resnet5")
    with pytest.raises(NotFoundError, match="no architecture named 'neck:resnet50'; did you mean network:resnet50"):
        read(database, inventory, "resnet50", "neck")
