"""The coordinator's round: what moves, in which order, and that nothing which arrives can stop it."""

from __future__ import annotations

import dataclasses
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import ClassVar, Self

import msgspec
import pytest
from sqlalchemy import func, select

from farm.clock import utc_now
from farm.coordinator import loop
from farm.coordinator.loop import MOST_AT_ONCE, Coordinator
from farm.coordinator.merge import merge
from farm.coordinator.roster import Coordination, coordination
from farm.database.engine import Database
from farm.database.models import Attempt, Device, Event
from farm.errors import BrokerError, BrokerFullError, InfrastructureError, InventoryError
from farm.inventory import Inventory, QueueSection
from farm.protocol import (
    AttemptMessage,
    CheckedMessage,
    CheckMessage,
    ControlMessage,
    HeartbeatMessage,
    Message,
    RefusalMessage,
    ReportMessage,
    StartedMessage,
)
from farm.states.jobs import JobState
from farm.wires import Addressed
from tests.farm.rows import job_states, report, submit
from tests.farm.statements import counted
from workers.outcome import Outcome


@dataclass
class Delivered:
    message: Message
    acknowledged: bool = False
    signer: str | None = None

    def acknowledge(self) -> None:
        self.acknowledged = True


@dataclass
class Wire:
    """A wire whose hosts answer at once, with whatever ``answer`` makes of an attempt."""

    sent: list[AttemptMessage] = field(default_factory=list)
    arriving: deque[Message] = field(default_factory=deque)
    delivered: list[Delivered] = field(default_factory=list)
    told: list[ControlMessage | CheckMessage] = field(default_factory=list)
    away: int = 0
    attended: ClassVar[bool] = False

    def tell(self, message: ControlMessage | CheckMessage) -> None:
        self.told.append(message)

    def send_all(self, attempts: Sequence[Addressed]) -> None:
        self.sent += (each.message for each in attempts)

    def receive(self, timeout_s: float) -> Delivered | None:
        if self.away:
            self.away -= 1
            raise BrokerError("the broker is away")
        if not self.arriving:
            return None
        self.delivered.append(Delivered(self.arriving.popleft()))
        return self.delivered[-1]

    def answer(self) -> None:
        """Every attempt that was sent passes."""
        for message in self.sent:
            self.arriving += (StartedMessage(message.attempt, message.token, "unit-1"), report(message))
        self.sent.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def coordinator(database: Database, inventory: Inventory, wire: Wire) -> Coordinator:
    return Coordinator(database, inventory, wire)


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


def test_an_attempt_that_its_host_cannot_read_ends_with_the_reason(
    database: Database, inventory: Inventory, wire: Wire, coordinator: Coordinator
) -> None:
    submit(database, inventory, ["net"])
    coordinator.step(0)
    refused = wire.sent[0]
    wire.arriving.append(RefusalMessage(refused.attempt, refused.token, "unit-1", "it is too new"))
    coordinator.step(0)
    with database.read() as session:
        attempt = session.get_one(Attempt, refused.attempt)
        assert (attempt.outcome, attempt.message) == (Outcome.INFRA_ERROR, "it is too new")
    assert wire.delivered[-1].acknowledged


def test_it_sweeps_from_time_to_time(
    database: Database,
    inventory: Inventory,
    wire: Wire,
    coordinator: Coordinator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit(database, inventory, ["net"])
    coordinator.step()
    with database.write() as session:
        for attempt in session.scalars(select(Attempt)):
            attempt.lease_until -= timedelta(days=1)
    coordinator.step()
    assert len(wire.sent) == 2  # not yet: it has swept a moment ago
    monkeypatch.setattr(loop, "SWEEP_EVERY_S", 0.0)
    Coordinator(database, inventory, wire).step()
    assert len(wire.sent) == 4


def poisoned(message: ReportMessage) -> ReportMessage:
    """A report that passes every check of the protocol and fits into no database."""
    return msgspec.structs.replace(message, report=dataclasses.replace(message.report, peak_memory_bytes=2**80))


def test_a_message_that_cannot_be_merged_is_dropped_and_blocks_nothing(
    database: Database, inventory: Inventory, wire: Wire, coordinator: Coordinator
) -> None:
    submit(database, inventory, ["net"])
    coordinator.step()
    numpy, torch = sorted(wire.sent, key=lambda m: m.device_type)
    wire.arriving += (poisoned(report(numpy)), report(torch))
    coordinator.step()
    assert [d.acknowledged for d in wire.delivered] == [True, True]
    assert job_states(database) == {("net", "numpy"): JobState.DISPATCHED, ("net", "torch"): JobState.DONE}
    with database.read() as session:
        dropped = session.scalars(select(Event).where(Event.kind == "message dropped")).one()
    assert dropped.subject == numpy.attempt


def away(*_: object, **__: object) -> str:
    raise InfrastructureError("the database is away")


def test_a_message_that_was_not_merged_for_want_of_the_database_is_not_acknowledged(
    database: Database,
    inventory: Inventory,
    wire: Wire,
    coordinator: Coordinator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit(database, inventory, ["net"])
    coordinator.step()
    wire.answer()
    with monkeypatch.context() as patch:
        patch.setattr(loop, "merge_all", away)
        with pytest.raises(InfrastructureError):
            coordinator.step()
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
    database: Database,
    inventory: Inventory,
    wire: Wire,
    coordinator: Coordinator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The broker gives it to nobody else while this connection lives: so it must not be forgotten here."""

    submit(database, inventory, ["net"])
    coordinator.step()
    wire.answer()
    with monkeypatch.context() as patch:
        patch.setattr(loop, "merge_all", away)
        for _ in range(3):
            with pytest.raises(InfrastructureError):
                coordinator.step()
    assert [d.acknowledged for d in wire.delivered] == [False] * 4
    coordinator.step()
    assert [d.acknowledged for d in wire.delivered] == [True] * 4
    assert set(job_states(database).values()) == {JobState.DONE}


def test_what_hosts_report_is_taken_though_nothing_can_be_sent(
    database: Database,
    inventory: Inventory,
    wire: Wire,
    coordinator: Coordinator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A broker that is full of reports becomes empty in no other way."""

    def full(_: Sequence[Addressed]) -> None:
        raise BrokerFullError("the broker is full")

    submit(database, inventory, [f"net{n}" for n in range(6)])
    coordinator.step()
    merge(database, report(wire.sent.pop()))  # so that there is room for one that cannot be sent
    wire.answer()
    monkeypatch.setattr(wire, "send_all", full)
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
    database: Database,
    inventory: Inventory,
    wire: Wire,
    coordinator: Coordinator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_: Sequence[Addressed]) -> None:
        raise BrokerFullError("the broker is full")

    submit(database, inventory, [f"net{n}" for n in range(30)])
    coordinator.step()
    for message in wire.sent:
        wire.arriving += (report(message) for _ in range(16))
    monkeypatch.setattr(wire, "send_all", full)
    with pytest.raises(BrokerFullError):
        coordinator.step()
    assert not wire.arriving
    assert all(d.acknowledged for d in wire.delivered)
    assert Counter(job_states(database).values()) == {JobState.DONE: 6, JobState.QUEUED: 54}


def test_a_mistake_in_sending_drops_no_report(
    database: Database,
    inventory: Inventory,
    wire: Wire,
    coordinator: Coordinator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def mistaken(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake")

    submit(database, inventory, ["net"])
    coordinator.step()
    wire.answer()
    monkeypatch.setattr(loop, "take", mistaken)
    coordinator.step()
    assert all(d.acknowledged for d in wire.delivered)
    assert set(job_states(database).values()) == {JobState.DONE}
    with database.read() as session:
        assert not session.scalars(select(Event).where(Event.kind == "message dropped")).all()


def test_of_an_attempt_that_ends_at_once_one_message_says_all(
    database: Database, inventory: Inventory, wire: Wire, coordinator: Coordinator
) -> None:
    submit(database, inventory, ["net"])
    coordinator.step()
    wire.answer()
    with counted(database) as said:
        coordinator.step()
    assert sum(statement.startswith("UPDATE attempt") for statement in said) == 1
    assert set(job_states(database).values()) == {JobState.DONE}


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


def test_what_nobody_knows_is_logged_with_its_attempt(
    database: Database, wire: Wire, coordinator: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    wire.arriving.append(StartedMessage("nobody", "t", "u"))
    with caplog.at_level("INFO", logger="farm.coordinator"):
        coordinator.step()
    assert "attempt nobody: message unknown" in caplog.text
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 1


class Attended(Wire):
    """A wire whose units send heartbeats."""

    attended: ClassVar[bool] = True


def heartbeat(device_type: str = "numpy", *, accepting: bool = True) -> HeartbeatMessage:
    return HeartbeatMessage(device_type, "unit-1", "host", 10.0, True, accepting, None, None, None)


def test_work_waits_for_a_unit_and_a_unit_is_told_what_it_does_not_do(database: Database, inventory: Inventory) -> None:
    wire = Attended()
    coordinator = Coordinator(database, inventory, wire)
    submit(database, inventory, ["net"])
    wire.arriving.append(heartbeat(accepting=False))
    assert coordinator.step()
    assert wire.sent == []
    coordinator = Coordinator(database, inventory, wire)  # which looks after the units at once
    (check,) = rounds(coordinator, wire)
    assert isinstance(check, CheckMessage)
    assert wire.sent == []
    wire.arriving.append(CheckedMessage(check.check, check.token, "numpy", "unit-1", "", False, {}))
    coordinator.step()
    (order,) = rounds(Coordinator(database, inventory, wire), wire)
    assert order == ControlMessage("numpy", "unit-1", True, "", None)
    assert [m.device_type for m in wire.sent] == ["numpy"]
    assert rounds(Coordinator(database, inventory, wire), wire) == []
    assert all(delivered.acknowledged for delivered in wire.delivered)


def test_a_check_that_could_not_be_sent_is_made_as_soon_as_it_can(
    database: Database, inventory: Inventory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Else the unit would do nothing until the lease of a check that it never heard of runs out."""
    wire = Attended()
    wire.arriving.append(heartbeat())
    Coordinator(database, inventory, wire).step()

    def full(_: ControlMessage | CheckMessage) -> None:
        raise BrokerFullError("the broker is full")

    with monkeypatch.context() as away:
        away.setattr(wire, "tell", full)
        with pytest.raises(BrokerFullError):
            Coordinator(database, inventory, wire).step()
    (check,) = (m for m in rounds(Coordinator(database, inventory, wire), wire) if isinstance(m, CheckMessage))
    wire.arriving.append(CheckedMessage(check.check, check.token, "numpy", "unit-1", "", False, {}))
    Coordinator(database, inventory, wire).step()
    with database.read() as session:
        assert session.scalars(select(Device.health)).one() == "good"
    wire.arriving.append(CheckedMessage(check.check, check.token, "numpy", "unit-1", "", False, {}))
    with caplog.at_level("WARNING"):
        Coordinator(database, inventory, wire).step()
    assert caplog.messages == [
        "refused a message on results, further ones are counted: an answer to a check of unit unit-1 of device type numpy: "
        "it is signed by another type's key or nobody waits for it any more"
    ]


def test_a_host_of_a_type_that_nobody_knows_is_named_once(
    database: Database, inventory: Inventory, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Attended()
    coordinator = Coordinator(database, inventory, wire)
    with caplog.at_level("WARNING"):
        for _ in range(3):
            wire.arriving.append(msgspec.structs.replace(heartbeat(), device_type="nunpy"))
            coordinator.step()
    assert caplog.messages == [
        "refused a message on results, further ones are counted: a heartbeat of unit unit-1 of device type nunpy, "
        "which is not in the inventory; did you mean numpy?"
    ]


def rounds(coordinator: Coordinator, wire: Wire) -> list[ControlMessage | CheckMessage]:
    """What a round of the coordinator tells units."""
    before = len(wire.told)
    coordinator.step()
    return wire.told[before:]


@pytest.mark.parametrize(
    ("message", "signer"),
    [(heartbeat("unheard-of"), None), (heartbeat(), "torch"), (ControlMessage("numpy", "u", True, "", None), None)],
    ids=["a type that the inventory has not", "another type's key", "what only units are told"],
)
def test_what_no_unit_may_say_is_dropped(
    database: Database, inventory: Inventory, message: Message, signer: str | None
) -> None:
    wire = Attended()
    coordinator = Coordinator(database, inventory, wire)
    delivered = Delivered(message, signer=signer)
    wire.receive = lambda timeout_s: None if delivered.acknowledged else delivered  # type: ignore[method-assign]
    assert coordinator.step()
    assert delivered.acknowledged
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Device)) == 0


def test_a_heartbeat_that_fits_into_no_database_is_dropped_and_blocks_nothing(
    database: Database, inventory: Inventory, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Attended()
    wire.arriving += (msgspec.structs.replace(heartbeat(), at_once=2**80), heartbeat())
    Coordinator(database, inventory, wire).step()
    assert "a HeartbeatMessage cannot be entered, and is dropped" in caplog.messages
    assert all(delivered.acknowledged for delivered in wire.delivered)
    with database.read() as session:
        assert session.scalars(select(Device.at_once)).one() is None
