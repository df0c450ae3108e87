"""Statements that are compiled once: the same rows as SQLAlchemy's, in the order in which they were sent, on both databases."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from farm.database.among import among
from farm.database.engine import Database
from farm.database.models import Belief, Device, DeviceType, Event, Policy, Stack
from farm.database.models.base import table_of
from farm.database.statements import Statement, ask, put
from tests.farm.statements import counted

START = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
ENTER = Statement(insert(table_of(Event)))
NOTED = Statement(
    select(Event.id, Event.at, Event.subject, Event.detail).where(among(Event.subject, "subjects")).order_by(Event.id)
)
TAKEN = Statement(
    update(table_of(Event))
    .where(among(Event.subject, "subjects"))
    .values(kind=bindparam("now"))
    .returning(Event.subject)
)
FORGET = Statement(delete(table_of(Event)).where(Event.subject == bindparam("gone")))
STACK = Statement(insert(table_of(Stack)))


def rows(*subjects: str) -> list[dict[str, object]]:
    return [{"at": START, "kind": "k", "subject": subject, "detail": {"of": [subject, None]}} for subject in subjects]


@pytest.mark.parametrize("given", [[], ["b"], ["a", "c", "nobody", "a"], [str(n) for n in range(2000)] + ["c"]])
def test_a_list_of_any_length_says_what_it_says_to_sqlalchemy(database: Database, given: list[str]) -> None:
    with database.write() as session:
        put(session, ENTER, rows("a", "b", "c"))
        found = ask(session, NOTED, {"subjects": given}).rows
        plain = session.scalars(select(Event).where(Event.subject.in_(given)).order_by(Event.id)).all()
    assert [(r.id, r.at, r.subject, r.detail) for r in found] == [(e.id, e.at, e.subject, e.detail) for e in plain]
    assert {row.subject for row in found} == {"a", "b", "c"} & set(given)
    assert all(row.at == START and row.detail == {"of": [row.subject, None]} for row in found)


def test_a_list_is_one_statement_however_long_it_is(database: Database) -> None:
    with counted(database) as said, database.read() as session:
        for length in (1, 2, 5):
            _ = ask(session, NOTED, {"subjects": ["a"] * length}).rows
    assert len({statement for statement in said if "subject" in statement}) == 1


def test_each_is_carried_out_after_what_was_sent_before_it(database: Database) -> None:
    with database.write() as session:
        put(session, ENTER, rows("a"))
        one = ask(session, NOTED, {"subjects": ["a", "b"]})
        put(session, ENTER, rows("b"))
        two = ask(session, NOTED, {"subjects": ["a", "b"]})
        session.add(Event(at=START, kind="orm", subject="a", detail={}))  # SQLAlchemy's own, in its order
        session.flush()
        three = ask(session, NOTED, {"subjects": ["a", "b"]})
        taken = ask(session, TAKEN, {"subjects": ["a"], "now": "taken"})
        put(session, FORGET, [{"gone": "a"}, {"gone": "nobody"}])
        assert session.scalar(select(func.count()).select_from(Event)) == 1
        assert [row.subject for row in one.rows] == ["a"]
        assert [row.subject for row in three.rows] == ["a", "b", "a"]
        assert [row.subject for row in two.rows] == ["a", "b"]
        assert [row.subject for row in taken.rows] == ["a", "a"]
    with database.read() as session:
        assert [(e.subject, e.kind) for e in session.scalars(select(Event))] == [("b", "k")]


def fail(database: Database, then: str) -> None:
    """A transaction of which one row cannot be, and what is done behind it."""
    with database.write() as session:
        put(session, ENTER, rows("a"))
        with contextlib.suppress(IntegrityError if then == "raise" else ()):
            put(session, STACK, [{"hash": "h", "fingerprint": {}, "recorded": START}] * 2)
        if then == "put":
            put(session, ENTER, rows("b"))
        elif then == "ask":
            _ = ask(session, NOTED, {"subjects": ["a"]}).rows
        elif then == "sqlalchemy":
            session.scalars(select(Event)).all()
        elif then == "raise":
            raise KeyError


@pytest.mark.parametrize("then", ["put", "ask", "sqlalchemy", "raise", "nothing"])
def test_a_row_that_cannot_be_undoes_the_transaction(database: Database, then: str) -> None:
    with pytest.raises(KeyError if then == "raise" else IntegrityError):
        fail(database, then)
    with database.write() as session:  # the connection is good for the next one
        assert ask(session, NOTED, {"subjects": ["a", "b"]}).rows == []
        assert session.scalars(select(Stack)).all() == []
        put(session, ENTER, rows("c"))
    with database.read() as session:
        assert session.scalars(select(Event.subject)).all() == ["c"]


def test_much_goes_both_ways(database: Database) -> None:
    long = [{**row, "detail": {"text": "x" * 400_000}} for row in rows(*"abcdefgh")]
    with database.write() as session:
        put(session, ENTER, long)
        unread = [ask(session, NOTED, {"subjects": list("abcdefgh")}) for _ in range(3)]
        put(session, ENTER, long)
        twice = ask(session, NOTED, {"subjects": list("abcdefgh")}).rows
        assert [len(twice), *(len(answer.rows) for answer in unread)] == [16, 8, 8, 8]
    assert {len(row.detail["text"]) for row in twice} == {400_000}


def test_what_sqlalchemy_asks_again_and_again_leaves_these_as_they_are(database: Database) -> None:
    for _ in range(3):
        with database.read() as session:
            for _ in range(7):  # so often that a driver would prepare it, and forget it with the end of a session
                session.scalars(select(Event)).all()
            assert ask(session, NOTED, {"subjects": ["a"]}).rows == []


def test_an_answer_is_of_its_transaction(database: Database) -> None:
    with database.write() as session:
        put(session, ENTER, rows("a"))
        read, unread = (ask(session, NOTED, {"subjects": ["a"]}) for _ in range(2))
        assert len(read.rows) == 1
    assert len(read.rows) == len(unread.rows) == 1


def test_a_session_that_goes_on_after_its_commit_is_another_transaction(database: Database) -> None:
    with Session(database.engine) as session:
        put(session, ENTER, rows("a"))
        session.commit()
        put(session, ENTER, rows("b"))
        session.rollback()
        assert [row.subject for row in ask(session, NOTED, {"subjects": ["a", "b"]}).rows] == ["a"]


def test_what_nobody_gives_a_value_is_said(database: Database) -> None:
    with pytest.raises(ValueError, match=r"give a value for .*health"), database.write() as session:
        put(session, Statement(insert(table_of(Device))), [{"device_type": "t", "unit": "u", "first_seen": START}])
    with pytest.raises(KeyError, match="subjects"), database.read() as session:
        ask(session, NOTED, {"subject": ["a"]})


def test_bytes_and_numbers_come_as_they_went(database: Database) -> None:
    with database.write() as session:
        session.add(Policy(key="p", body={}))
        session.add(DeviceType(id=1, name="n", configuration="c", driver="d", profile={}, limits={}))
    believed = {"device_type_id": 1, "policy": "p", "version": 3, "stacks": ["é"], "newest": START, "body": b"\0\xff"}
    asked = Statement(select(Belief.version, Belief.stacks, Belief.newest, Belief.body).limit(bindparam("most")))
    with database.write() as session:
        put(session, Statement(insert(table_of(Belief))), [believed])
        assert [tuple(row) for row in ask(session, asked, {"most": 5}).rows] == [(3, ["é"], START, b"\0\xff")]
