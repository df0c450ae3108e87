"""What the coordinator does with what arrives of attempts: nothing stops it, nothing is lost, and room is filled at once."""

from __future__ import annotations

import dataclasses
from collections import Counter

import msgspec
import pytest
from sqlalchemy import func, select

from farm.coordinator import loop
from farm.coordinator.loop import MOST_AT_ONCE, Coordinator
from farm.coordinator.merge import merge
from farm.database.engine import Database
from farm.database.models import Attempt, Event
from farm.errors import BrokerFullError, InfrastructureError
from farm.inventory import Inventory
from farm.protocol import RefusalMessage, ReportMessage, StartedMessage
from farm.states.jobs import JobState
from tests.farm.coordinator.wire import Wire
from tests.farm.rows import job_states, report, submit
from tests.farm.statements import counted
from workers.outcome import Outcome


def test_an_attempt_that_its_host_cannot_read_ends_with_the_reason(
    database: Database, wire: Wire, at_work: Coordinator
) -> None:
    refused = wire.sent[0]
    wire.arriving.append(RefusalMessage(refused.attempt, refused.token, "unit-1", "it is too new"))
    at_work.step(0)
    with database.read() as session:
        attempt = session.get_one(Attempt, refused.attempt)
        assert (attempt.outcome, attempt.message) == (Outcome.INFRA_ERROR, "it is too new")
    assert wire.delivered[-1].acknowledged


def poisoned(message: ReportMessage) -> ReportMessage:
    """A report that passes every check of the protocol and fits into no database."""
    return msgspec.structs.replace(message, report=dataclasses.replace(message.report, peak_memory_bytes=2**80))


def test_a_message_that_cannot_be_merged_is_dropped_and_blocks_nothing(
    database: Database, wire: Wire, at_work: Coordinator
) -> None:
    numpy, torch = sorted(wire.sent, key=lambda m: m.device_type)
    wire.arriving += (poisoned(report(numpy)), report(torch))
    at_work.step()
    assert [d.acknowledged for d in wire.delivered] == [True, True]
    assert job_states(database) == {("net", "numpy"): JobState.DISPATCHED, ("net", "torch"): JobState.DONE}
    with database.read() as session:
        dropped = session.scalars(select(Event).where(Event.kind == "message dropped")).one()
    assert dropped.subject == numpy.attempt


def away(*_: object, **__: object) -> str:
    raise InfrastructureError("the database is away")


def test_a_message_that_was_not_merged_for_want_of_the_database_is_not_acknowledged(
    wire: Wire, at_work: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.answer()
    with monkeypatch.context() as patch:
        patch.setattr(loop, "merge_all", away)
        with pytest.raises(InfrastructureError):
            at_work.step()
    assert wire.delivered
    assert not any(d.acknowledged for d in wire.delivered)


def test_a_flood_of_messages_does_not_keep_devices_waiting(
    database: Database, inventory: Inventory, wire: Wire, coordinator: Coordinator
) -> None:
    wire.arriving += (StartedMessage("nobody", "t", "u") for _ in range(MOST_AT_ONCE + 40))
    coordinator.step()
    assert len(wire.arriving) == 40
    submit(database, inventory, ["net"])
    coordinator.step()
    assert len(wire.sent) == 2


def test_what_could_not_be_merged_is_merged_when_the_database_is_back_and_acknowledged_then(
    database: Database, wire: Wire, at_work: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker gives it to nobody else while this connection lives: so it must not be forgotten here."""
    wire.answer()
    with monkeypatch.context() as patch:
        patch.setattr(loop, "merge_all", away)
        for _ in range(3):
            with pytest.raises(InfrastructureError):
                at_work.step()
    assert [d.acknowledged for d in wire.delivered] == [False] * 4
    at_work.step()
    assert [d.acknowledged for d in wire.delivered] == [True] * 4
    assert set(job_states(database).values()) == {JobState.DONE}


def test_what_hosts_report_is_taken_though_nothing_can_be_sent(
    database: Database, inventory: Inventory, wire: Wire, coordinator: Coordinator
) -> None:
    """A broker that is full of reports becomes empty in no other way."""
    submit(database, inventory, [f"net{n}" for n in range(6)])
    coordinator.step()
    merge(database, report(wire.sent.pop()))  # so that there is room for one that cannot be sent
    wire.answer()
    wire.full = True
    with pytest.raises(BrokerFullError):
        coordinator.step()
    assert [d.acknowledged for d in wire.delivered] == [True] * 10
    assert Counter(job_states(database).values()) == {JobState.DONE: 6, JobState.QUEUED: 6}


def test_room_that_becomes_free_is_filled_in_the_same_turn(
    database: Database, inventory: Inventory, wire: Wire, coordinator: Coordinator
) -> None:
    submit(database, inventory, [f"net{n}" for n in range(4)])
    coordinator.step()
    assert len(wire.sent) == 2 + 4  # one unit of numpy, two of torch
    wire.answer()
    with counted(database) as said:
        coordinator.step()
    assert [m.device_type for m in wire.sent] == ["numpy", "numpy"]
    merged, *others = [n for n, statement in enumerate(said) if statement.startswith("UPDATE attempt")]
    assert not others
    begun = next(n for n, statement in enumerate(said) if statement.startswith("INSERT INTO attempt"))
    assert not any(statement.startswith("BEGIN") for statement in said[merged:begun])


def test_what_merged_well_is_acknowledged_though_its_room_cannot_be_filled(
    database: Database, inventory: Inventory, wire: Wire, coordinator: Coordinator
) -> None:
    submit(database, inventory, [f"net{n}" for n in range(30)])
    coordinator.step()
    for message in wire.sent:
        wire.arriving += (report(message) for _ in range(16))
    wire.full = True
    with pytest.raises(BrokerFullError):
        coordinator.step()
    assert not wire.arriving
    assert all(d.acknowledged for d in wire.delivered)
    assert Counter(job_states(database).values()) == {JobState.DONE: 6, JobState.QUEUED: 54}


def test_a_mistake_in_sending_drops_no_report(
    database: Database, wire: Wire, at_work: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake")

    wire.answer()
    monkeypatch.setattr(loop, "take", mistaken)
    at_work.step()
    assert all(d.acknowledged for d in wire.delivered)
    assert set(job_states(database).values()) == {JobState.DONE}
    with database.read() as session:
        assert not session.scalars(select(Event).where(Event.kind == "message dropped")).all()


def test_of_an_attempt_that_ends_at_once_one_message_says_all(
    database: Database, wire: Wire, at_work: Coordinator
) -> None:
    wire.answer()
    with counted(database) as said:
        at_work.step()
    assert sum(statement.startswith("UPDATE attempt") for statement in said) == 1
    assert set(job_states(database).values()) == {JobState.DONE}


def test_what_nobody_knows_is_logged_with_its_attempt(
    database: Database, wire: Wire, coordinator: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    wire.arriving.append(StartedMessage("nobody", "t", "u"))
    with caplog.at_level("INFO", logger="farm.coordinator"):
        coordinator.step()
    assert "attempt nobody: message unknown" in caplog.text
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 1
