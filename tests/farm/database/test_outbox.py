"""The outbox: with the change or not at all, to each target until it has taken it, by one process at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from farm.database import outbox
from farm.database.engine import Database
from farm.database.models import Event, Outbox
from farm.database.outbox import KEPT, LEASE, LONGEST_PAUSE, Claim, notify, pause
from farm.states.notifications import Kind
from tests.farm.notifications.conftest import Tell
from tests.farm.rows import START

ALL = {"webhook": frozenset(Kind), "chat": frozenset({Kind.JOB_QUARANTINED})}
SECOND = timedelta(seconds=1)
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def rows(database: Database) -> list[tuple[str | None, str, str, int]]:
    with database.read() as session:
        return [(r.target, r.subject, r.state, r.tries) for r in session.scalars(select(Outbox).order_by(Outbox.id))]


def addressed(database: Database) -> None:
    with database.write(in_turn=True) as session:
        outbox.address(session, ALL)


def claimed(database: Database, target: str = "webhook", at: timedelta = timedelta()) -> list[Claim]:
    with database.write() as session:
        found = [outbox.claim(session, row, START + at) for row in outbox.due_rows(session, target, START + at, 10)]
    return [each for each in found if each]


@sqlite_only
def test_a_change_that_is_taken_back_is_told_to_nobody(database: Database) -> None:
    def changed() -> None:
        with database.write() as session:
            notify(session, Kind.UNIT_HEALTH, "bench-1", {}, START)
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        changed()
    assert rows(database) == []


def test_each_target_gets_the_kinds_that_it_wants_under_one_id(database: Database, tell: Tell) -> None:
    tell("17")
    tell("bench-1", Kind.UNIT_HEALTH)
    addressed(database)
    addressed(database)
    assert rows(database) == [
        ("webhook", "17", "waiting", 0),
        ("chat", "17", "waiting", 0),
        ("webhook", "bench-1", "waiting", 0),
    ]
    with database.read() as session:
        assert not outbox.has_unaddressed(session)
        ids = [row.notification for row in session.scalars(select(Outbox).order_by(Outbox.id))]
    assert (ids[0] == ids[1], ids[0] == ids[2]) == (True, False)


@sqlite_only
def test_what_nobody_wants_is_forgotten(database: Database, tell: Tell) -> None:
    tell()
    with database.write() as session:
        outbox.address(session, {})
    assert rows(database) == []


def test_a_row_is_one_process_to_send_until_its_claim_runs_out(database: Database, tell: Tell) -> None:
    tell()
    addressed(database)
    with database.read() as session:
        (row,) = outbox.due_rows(session, "webhook", START, 10)
    (first,) = claimed(database)
    with database.write() as session:
        assert outbox.claim(session, row, START) is None  # another one had seen it too
    assert claimed(database, at=LEASE - SECOND) == []
    (second,) = claimed(database, at=LEASE)
    assert (first.notification, first.tries, second.tries) == (second.notification, 1, 2)
    with database.write() as session:
        outbox.delivered(session, second, START + LEASE)
        outbox.delivered(session, first, START + LEASE)  # it was slow, not dead
        outbox.not_taken(session, first, "late", START + LEASE, 1)
    assert rows(database) == [("webhook", "17", "delivered", 2), ("chat", "17", "waiting", 0)]
    assert claimed(database, at=KEPT) == []


def test_what_is_not_taken_is_due_later_and_later_and_then_given_up_with_a_line_in_the_log(
    database: Database, tell: Tell
) -> None:
    tell()
    addressed(database)
    at = timedelta()
    for tries in (1, 2, 3):
        (each,) = claimed(database, at=at)
        with database.write() as session:
            assert outbox.not_taken(session, each, "no answer", START + at, 3) is (tries == 3)
        assert claimed(database, at=at + pause(tries) - SECOND) == []
        at += pause(tries)
    assert claimed(database, at=KEPT) == []
    with database.read() as session:
        (event,) = session.scalars(select(Event))
        row = session.scalars(select(Outbox).where(Outbox.target == "webhook")).one()
    assert (row.state, row.error) == ("given up", "no answer")
    assert (event.kind, event.subject) == ("notification given up", row.notification)
    assert event.detail == {
        "target": "webhook",
        "tries": 3,
        "error": "no answer",
        "kind_of": "job quarantined",
        "about": "17",
    }


@sqlite_only
def test_a_target_that_wants_rest_gets_it_within_reason(database: Database, tell: Tell) -> None:
    tell()
    addressed(database)
    for wanted_s, rest in ((60.0, timedelta(seconds=60)), (86_400.0, LONGEST_PAUSE)):
        at = timedelta(hours=9 * (wanted_s > 60))
        (each,) = claimed(database, at=at)
        with database.write() as session:
            outbox.not_taken(session, each, "busy", START + at, 9, wanted_s)
        assert claimed(database, at=at + rest - SECOND) == []
    assert len(claimed(database, at=at + rest)) == 1


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_pauses_grow_and_end(one: int, other: int) -> None:
    assert pause(min(one, other)) <= pause(max(one, other)) <= LONGEST_PAUSE


@sqlite_only
def test_what_is_settled_is_kept_for_a_while_and_what_nobody_can_take_is_given_up(
    database: Database, tell: Tell
) -> None:
    tell("taken")
    tell("waits")
    addressed(database)
    (taken, _) = claimed(database)
    with database.write() as session:
        outbox.delivered(session, taken, START)
        outbox.tidy(session, {"webhook"}, START + KEPT)
    assert len(rows(database)) == 4
    with database.write() as session:
        outbox.tidy(session, {"webhook"}, START + KEPT + SECOND)
    assert rows(database) == [
        ("chat", "taken", "given up", 0),
        ("webhook", "waits", "waiting", 1),
        ("chat", "waits", "given up", 0),
    ]


@sqlite_only
def test_a_hostile_subject_is_cut(database: Database, tell: Tell) -> None:
    tell("\x00" + "x" * 500)
    ((_, subject, _, _),) = rows(database)
    assert (len(subject), subject[0]) == (128, "\N{REPLACEMENT CHARACTER}")
