"""Latencies that are known of a graph: who is spared the timing, and whose figures a verdict then shows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farm.coordinator.dispatch import dispatch
from farm.coordinator.jobs import want_verdicts
from farm.coordinator.merge import merge
from farm.database.engine import Database
from farm.database.models import Bundle, Sample, Submission
from farm.inventory import Inventory
from farm.protocol import AttemptMessage
from farm.states.cell import Cell, Source
from farm.table.table import build_table
from farm.verdicts.inheritance import Reprove
from tests.farm.databases import INVENTORY
from tests.farm.rows import START, FakeWire, judge, report, sha256, submit
from workers.outcome import Outcome
from workers.stack import stack_hash

DAY = timedelta(days=1)
STACK = stack_hash({"runtime": "test 1"})


@pytest.fixture
def inventory() -> Inventory:
    """One device."""
    return Inventory.model_validate({**INVENTORY, "devices": {"numpy": INVENTORY["devices"]["numpy"]}})


def other_weights(database: Database, inventory: Inventory, *, sizes: tuple[str, ...] = ()) -> AttemptMessage:
    """The attempt of a bundle at the next commit whose graph is that of ``net``; with ``sizes``, it has these samples more."""
    submit(database, inventory, ["net"], "c2", version="2", date=START + DAY)
    with database.write() as session:
        bundle = session.get_one(Bundle, sha256("bundle net2"))
        bundle.graph, bundle.weights = sha256("graph net"), sha256("other weights")
        bundle.sample_rows += [Sample(name=name, position=9) for name in sizes]
    return send(database, inventory)


def send(database: Database, inventory: Inventory) -> AttemptMessage:
    wire = FakeWire()
    dispatch(database, inventory, wire, START + DAY)
    (message,) = wire.sent
    return message


def cell(database: Database, inventory: Inventory) -> Cell:
    with database.read() as session:
        (row,) = build_table(session, "c2", inventory).rows
    return row.cells["numpy"]


def test_a_graph_that_was_timed_on_the_present_stack_is_not_timed_again(
    database: Database, inventory: Inventory
) -> None:
    submit(database, inventory, ["net"])
    (first,) = judge(database, inventory)
    message = other_weights(database, inventory)
    assert message.measured_stack == STACK
    merge(database, report(message, latency_ms=None), START + DAY)
    found = cell(database, inventory)
    assert (found.latency_ms, found.attempt) == (3.0, message.attempt)
    assert found.latency_from == Source(first, "c1", START)
    assert [r.latency_ms for r in found.resolutions] == [3.0] * 3


def test_what_a_host_timed_all_the_same_is_its_own(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory)
    merge(database, report(other_weights(database, inventory), latency_ms=5.0), START + DAY)
    found = cell(database, inventory)
    assert (found.latency_ms, found.latency_from) == (5.0, None)


def test_a_chain_of_weights_leads_back_to_the_one_attempt_that_timed(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    (first,) = judge(database, inventory)
    merge(database, report(other_weights(database, inventory), latency_ms=None), START + DAY)
    submit(database, inventory, ["third"], kind="block")
    with database.write() as session:
        session.get_one(Bundle, sha256("bundle third")).graph = sha256("graph net")
    message = send(database, inventory)
    assert message.measured_stack == STACK
    merge(database, report(message, latency_ms=None), START + DAY)
    with database.read() as session:
        found = {row.name: row.cells["numpy"].latency_from for row in build_table(session, "c1", inventory).rows}
    assert found == {"third": Source(first, "c1", START), "net": None}


@pytest.mark.parametrize("outcome", [Outcome.MISMATCH, Outcome.CRASH, Outcome.UNSUPPORTED_OP, Outcome.HARNESS_ERROR])
def test_what_did_not_pass_spares_nobody_the_timing(database: Database, inventory: Inventory, outcome: Outcome) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory, outcome)
    assert other_weights(database, inventory).measured_stack is None


def test_what_fails_has_no_latency_of_another(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory)
    merge(database, report(other_weights(database, inventory), Outcome.MISMATCH, latency_ms=None), START + DAY)
    assert (cell(database, inventory).latency_ms, cell(database, inventory).latency_from) == (None, None)


def test_a_size_that_was_not_timed_is(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory)
    assert other_weights(database, inventory, sizes=("512x512",)).measured_stack is None


def test_another_graph_is_timed(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory)
    submit(database, inventory, ["net"], "c2", version="2", date=START + DAY)
    assert send(database, inventory).measured_stack is None


def test_a_stack_that_is_gone_spares_nobody_the_timing(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory)
    submit(database, inventory, ["another"], kind="block")
    judge(database, inventory, stack="test 2")
    assert other_weights(database, inventory).measured_stack is None


def test_latencies_of_another_stack_than_the_attempts_are_not_shown(database: Database, inventory: Inventory) -> None:
    """The unit was changed while the message was on its way, and a host that leaves out what it must not changes nothing."""
    submit(database, inventory, ["net"])
    judge(database, inventory)
    message = other_weights(database, inventory)
    merge(database, report(message, latency_ms=None, stack="test 2"), START + DAY)
    assert (cell(database, inventory).latency_ms, cell(database, inventory).latency_from) == (None, None)


def test_whoever_wants_all_proved_again_sees_it_timed_again(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory)
    message = other_weights(database, inventory)
    merge(database, report(message, latency_ms=None), START + DAY)
    with database.write() as session:
        again = Submission(id="again", commit="c2", base=None, created=START, reprove=Reprove.ALL)
        session.add(again)
        session.flush()
        want_verdicts(session, inventory, again, 1, message.bundle, 0, START + DAY)
    assert send(database, inventory).measured_stack is None


def test_the_same_bundle_under_another_policy_is_not_timed_again(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory)
    said = inventory.model_dump(mode="json")
    said["policies"]["fp32"] |= {"version": 2, "rtol": 1e-5}
    stricter = Inventory.model_validate(said)
    submit(database, stricter, ["net"], "c2", date=START + DAY)
    assert send(database, stricter).measured_stack == STACK
