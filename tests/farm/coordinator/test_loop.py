"""The coordinator's round: what moves, in which order, and that it goes on where something is away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from farm.clock import utc_now
from farm.coordinator import loop
from farm.coordinator.loop import Coordinator
from farm.coordinator.roster import Coordination, coordination
from farm.database.engine import Database
from farm.database.models import Attempt
from farm.errors import InfrastructureError, InventoryError
from farm.inventory import Inventory, QueueSection
from farm.states.jobs import JobState
from tests.farm.coordinator.wire import Wire
from tests.farm.rows import job_states, submit


def test_a_round_dispatches_and_merges(
    database: Database, inventory: Inventory, wire: Wire, coordinator: Coordinator
) -> None:
    assert not coordinator.step()
    submit(database, inventory, ["net"])
    assert coordinator.step()
    assert set(job_states(database).values()) == {JobState.DISPATCHED}
    wire.answer()
    assert coordinator.step()
    assert set(job_states(database).values()) == {JobState.DONE}
    assert all(d.acknowledged for d in wire.delivered)
    assert not coordinator.step()


def test_it_sweeps_from_time_to_time(
    database: Database, inventory: Inventory, wire: Wire, at_work: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        for attempt in session.scalars(select(Attempt)):
            attempt.lease_until -= timedelta(days=1)
    at_work.step()
    assert len(wire.sent) == 2  # not yet: it has swept a moment ago
    monkeypatch.setattr(loop, "SWEEP_EVERY_S", 0.0)
    Coordinator(database, inventory, wire).step()
    assert len(wire.sent) == 4


def test_whoever_asks_sees_that_it_runs_and_how_it_finds_the_broker(
    database: Database, inventory: Inventory, wire: Wire, coordinator: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "BACK_OFF_S", 0.0)
    seen: list[Coordination] = []

    def until() -> bool:
        with database.read() as session:
            seen.append(coordination(session, utc_now()))
        wire.away = {1: 1, 2: 1}.get(len(seen), 0)
        return len(seen) == 5

    coordinator.run(until)
    running = [(c.running, c.broker.value) for c in seen]
    away = (True, "unreachable")
    assert running == [(False, "usable"), away, away, (True, "usable"), (True, "usable")]
    assert seen[1].message == "the broker is away"
    with database.read() as session:
        assert not coordination(session, utc_now()).running


def test_it_listens_for_a_while_before_it_ends_what_nobody_takes(
    database: Database, inventory: Inventory, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coordinator that was away for weeks hears of the units before it judges."""
    submit(database, inventory, ["net"], submitted=utc_now() - timedelta(days=30))
    lost = inventory.model_copy(update={"devices": {"torch": inventory.devices["torch"]}})
    Coordinator(database, lost, wire).step()
    assert job_states(database)["net", "numpy"] == JobState.QUEUED
    monkeypatch.setattr(loop, "SETTLE", timedelta(0))
    Coordinator(database, lost, wire).step()
    assert job_states(database)["net", "numpy"] == JobState.CANCELLED


def test_one_whose_leases_would_be_too_short_does_not_begin(
    database: Database, inventory: Inventory, wire: Wire
) -> None:
    short = inventory.model_copy(update={"queue": QueueSection(lease_margin_s=30)})
    with pytest.raises(InventoryError, match="lease_margin_s"):
        Coordinator(database, short, wire)


def test_it_runs_until_it_is_told_and_waits_for_what_is_away(
    database: Database,
    inventory: Inventory,
    wire: Wire,
    coordinator: Coordinator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(loop, "BACK_OFF_S", 0.0)
    submit(database, inventory, ["net"])
    wire.away = 3
    rounds = iter(range(6))

    def until() -> bool:
        wire.answer()
        return next(rounds, None) is None

    coordinator.run(until)
    assert set(job_states(database).values()) == {JobState.DONE}
    assert sum("the broker is away; trying again" in record.message for record in caplog.records) == 3


def test_where_nothing_may_be_timed_nothing_moves_until_it_may(
    database: Database, inventory: Inventory, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "BACK_OFF_S", 0.0)
    looks: list[set[str]] = []

    def check() -> None:
        if len(looks) < 4:
            raise InfrastructureError("the clock is wrong")

    def until() -> bool:
        looks.append({str(state) for state in job_states(database).values()})
        return len(looks) == 6

    submit(database, inventory, ["net"])
    Coordinator(database, inventory, wire, check=check).run(until)
    assert looks == 4 * [{"queued"}] + 2 * [{"dispatched"}]
