"""Beliefs that are kept for those who read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import msgpack
from sqlalchemy import update

from farm.database.engine import Database
from farm.database.models import Belief, UnitStack
from farm.inventory import Inventory
from farm.prediction.belief import learn
from farm.prediction.kept import LAG, KeptBeliefs
from farm.prediction.learning import learn_anew
from farm.prediction.records import Predictor
from farm.units.stacks import record_stack
from farm.verdicts.standings import read_terms
from tests.farm.prediction.test_records import cells, seen, submit_new
from tests.farm.statements import counted

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_what_is_kept_predicts_the_same_and_reads_no_evidence(database: Database, inventory: Inventory) -> None:
    seen(database, inventory)
    submit_new(database, inventory)
    before = cells(database, inventory)
    assert learn_anew(database, inventory) == len(inventory.devices)
    with counted(database) as said:
        assert cells(database, inventory) == before
    assert any(cell.prediction for cell in before.values())
    assert not [statement for statement in said if "LIMIT" in statement and "graph" in statement]


def test_nothing_new_is_nothing_to_learn(database: Database, inventory: Inventory) -> None:
    assert learn_anew(database, inventory) == 0
    seen(database, inventory)
    assert learn_anew(database, inventory) == len(inventory.devices)
    assert learn_anew(database, inventory) == 0
    with database.write() as session:
        row = session.query(Belief).first()
        assert row is not None
        row.newest -= timedelta(seconds=1)
    assert learn_anew(database, inventory) == 1


@on_sqlite
def test_what_is_kept_is_believed_only_as_long_as_it_is_recent_of_these_stacks_and_legible(
    database: Database, inventory: Inventory
) -> None:
    seen(database, inventory)
    learn_anew(database, inventory)

    def is_kept() -> bool:
        with database.read() as session:
            terms = read_terms(session, inventory)[0]
            found = KeptBeliefs(session, [terms.type_id]).of(terms.type_id, terms.policy, terms.present)
            return found is not None and found == Predictor(session, (), ()).learn(
                terms.type_id, terms.policy, terms.present
            )

    assert is_kept()
    with database.write() as session:
        for row in session.query(Belief):
            row.newest -= LAG
    assert is_kept()
    with database.write() as session:
        for row in session.query(Belief):
            row.newest -= timedelta(seconds=1)
    assert not is_kept()
    learn_anew(database, inventory)
    with database.write() as session:
        session.execute(update(UnitStack).values(stack=record_stack(session, {"runtime": "test 2"})))
    assert not is_kept()
    learn_anew(database, inventory)
    with database.write() as session:
        session.execute(update(Belief).values(body=b"\xc1"))
    assert not is_kept()


@on_sqlite
def test_what_is_kept_is_decoded_once_until_something_else_is_kept(database: Database, inventory: Inventory) -> None:
    seen(database, inventory)
    learn_anew(database, inventory)

    def kept() -> object:
        with database.read() as session:
            terms = read_terms(session, inventory)[0]
            return KeptBeliefs(session, [terms.type_id]).of(terms.type_id, terms.policy, terms.present)

    first = kept()
    assert first is not None
    assert kept() is first
    with database.write() as session:
        row = session.query(Belief).first()
        assert row is not None
        row.body = msgpack.encode(learn([]))
    assert kept() == learn([])
