from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from farm.database.engine import Database
from farm.database.models import Device, Outbox
from farm.database.records import record_unit
from farm.states.health import Change, Health
from farm.units.care import change_health
from tests.farm.rows import START

HOUR = timedelta(hours=1)
#: Nothing here asks the databases for what they do differently.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def change(database: Database, change: Change, reason: str, hours: int = 0) -> Health:
    with database.write() as session:
        device = record_unit(session, "numpy", "bench-1", START)
        return change_health(session, device, change, reason, START + hours * HOUR, actor="ada")


def test_a_change_stands_in_the_row_and_in_the_history(database: Database) -> None:
    assert change(database, Change.DRAINED, "new\nfirm\x1b[31mware") is Health.MAINTENANCE
    assert change(database, Change.RESUMED, "done", 1) is Health.UNKNOWN
    with database.read() as session:
        device = session.scalars(select(Device)).one()
        assert (device.health, device.health_reason, device.health_since) == ("unknown", "done", START + HOUR)
        assert [(e.change, e.old, e.new, e.reason, e.actor) for e in device.history] == [
            ("drained", "unknown", "maintenance", "new firm\N{REPLACEMENT CHARACTER}[31mware", "ada"),
            ("resumed", "maintenance", "unknown", "done", "ada"),
        ]


def test_a_change_is_told_and_what_stays_is_not(database: Database) -> None:
    change(database, Change.DRAINED, "new firmware")
    change(database, Change.DRAINED, "new firmware, again", 1)
    change(database, Change.CHECK_FAILED, "something else", 2)
    change(database, Change.RESUMED, "done", 3)
    with database.read() as session:
        told = session.scalars(select(Outbox).order_by(Outbox.id)).all()
        assert [(row.kind, row.subject) for row in told] == [("unit health changed", "bench-1 of numpy")] * 2
        assert [(row.detail["old"], row.detail["new"]) for row in told] == [
            ("unknown", "maintenance"),
            ("maintenance", "unknown"),
        ]
        assert told[0].detail == {
            "device": "numpy",
            "unit": "bench-1",
            "host": "",
            "old": "unknown",
            "new": "maintenance",
            "change": "drained",
            "reason": "new firmware",
            "actor": "ada",
            "attempt": None,
        }


def test_what_happens_meanwhile_does_not_take_the_place_of_the_reason(database: Database) -> None:
    change(database, Change.DRAINED, "new firmware")
    for n, each in enumerate((Change.CHECK_FAILED, Change.TROUBLED, Change.CHECK_PASSED)):
        assert change(database, each, "something else", n) is Health.MAINTENANCE
    with database.read() as session:
        device = session.scalars(select(Device)).one()
        assert (device.health_reason, device.health_since) == ("new firmware", START)
        assert len(device.history) == 4


def test_what_keeps_failing_for_the_same_reason_is_entered_once(database: Database) -> None:
    for minute in range(5):
        change(database, Change.CHECK_UNCLEAR, "the store is away", minute)
    change(database, Change.CHECK_UNCLEAR, "the disk is full", 9)
    with database.read() as session:
        device = session.scalars(select(Device)).one()
        assert [e.reason for e in device.history] == ["the store is away", "the disk is full"]
        assert device.health_reason == "the disk is full"
