"""How SQLite goes about the questions of a turn: by what is asked for, not through all that ever was."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge_all
from farm.database.engine import Database
from farm.inventory import Inventory
from tests.farm.rows import START, FakeWire, report, submit
from tests.farm.statements import counted, steps_of

#: Each of them names all that ended, of which there is more in every turn than in the last.
LONG = ("ix_verdict_newest", "ix_attempt_state", "ix_attempt_rejudged")


def test_a_turn_walks_through_nothing_that_ended_long_ago(
    tmp_path: Path, migrated_sqlite: Path, inventory: Inventory
) -> None:
    path = tmp_path / "farm.sqlite"
    path.write_bytes(migrated_sqlite.read_bytes())
    database = Database(f"sqlite:///{path}")
    for minute in range(2):  # so that it matters whose turn it is
        submit(
            database, inventory, [f"a{minute}", f"b{minute}"], f"c{minute}", submitted=START + timedelta(minutes=minute)
        )
    wire = FakeWire()
    with counted(database) as said:
        dispatch(database, inventory, wire, START)
        merge_all(database, [(report(message), None) for message in wire.sent], START)
    # What is on the wire is counted by its states, which few attempts are in at a time.
    asked = [statement for statement in said if "count(*)" not in statement]
    assert len([statement for statement in asked if "FROM attempt" in statement]) > 2
    assert any("attempt.dispatched DESC" in statement for statement in asked)
    assert [step for step in steps_of(database, asked) if any(name in step for name in LONG)] == []
    database.close()
