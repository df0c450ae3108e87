"""Heartbeats, and units that are told to take attempts or none: real hosts on a real Redis, two of them on one queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from celery.worker import state
from kombu import Queue

from farm.broker.signing import device_key, seal
from farm.errors import ExitCode
from farm.host.gate import Gate
from farm.host.presence import AttemptRequest, Presence
from farm.protocol import (
    ControlMessage,
    HeartbeatMessage,
    Limits,
    Message,
    ReportMessage,
    StartedMessage,
    decode,
    encode,
)
from farm.wires import Addressed
from farm.wires.celery import CeleryWire
from tests.farm.hosts import Host, make_host
from tests.farm.real_hosts import HostProcess, running
from tests.farm.test_protocol import STARTED
from tests.servers import redis_server

MASTER = "a master secret"
OFTEN = {"FARM_HEARTBEAT_S": "0.3", "FARM_HOST": "bench", "FARM_DEVICE_KEY": device_key(MASTER, "numpy")}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


class Heard:
    """Everything that hosts said so far."""

    def __init__(self, wire: CeleryWire) -> None:
        self.wire = wire
        self.messages: list[Message] = []

    def until(self, told: Callable[[], bool], within_s: float = 60.0) -> None:
        deadline = time.monotonic() + within_s
        while not told():
            assert time.monotonic() < deadline, self.messages[-5:]
            if (delivery := self.wire.receive(0.1)) is not None:
                delivery.acknowledge()
                self.messages.append(delivery.message)

    def beat(self, unit: str) -> HeartbeatMessage | None:
        """The newest heartbeat of a unit."""
        beats = [m for m in self.messages if isinstance(m, HeartbeatMessage) and m.unit == unit]
        return beats[-1] if beats else None

    def takes(self, unit: str, accepting: bool) -> Callable[[], bool]:
        def told() -> bool:
            beat = self.beat(unit)
            return beat is not None and beat.accepting is accepting

        return told

    def attempts(self) -> list[StartedMessage | ReportMessage]:
        """What was said of attempts."""
        return [m for m in self.messages if isinstance(m, StartedMessage | ReportMessage)]

    def reports(self) -> dict[str, str]:
        """The unit that reported an attempt, by attempt."""
        return {m.attempt: m.unit for m in self.messages if isinstance(m, ReportMessage)}


def at(host: Host, unit: str, folder: Path) -> Host:
    (folder / unit).mkdir()
    return replace(host, settings=replace(host.settings, unit=unit))


def control(unit: str, accept: bool, at_once: int | None = None) -> ControlMessage:
    return ControlMessage("numpy", unit, accept, "" if accept else "new firmware", at_once)


@pytest.fixture
def heard(broker: str) -> Iterator[Heard]:
    with CeleryWire(broker, MASTER) as wire:
        yield Heard(wire)


def stays(unlikely: Callable[[], bool], heard: Heard, for_s: float = 0.7) -> bool:
    """Whether that stays untrue for a while."""
    with pytest.raises(AssertionError):
        heard.until(unlikely, for_s)
    return not unlikely()


@pytest.mark.server
@pytest.mark.timeout(240)
def test_a_drained_unit_takes_nothing_and_its_sibling_everything(heard: Heard, broker: str, tmp_path: Path) -> None:
    host = make_host(tmp_path)
    one, other = at(host, "one", tmp_path), at(host, "other", tmp_path)
    with ExitStack() as stack:
        process = stack.enter_context(running(one, tmp_path / "one", broker, OFTEN))
        heard.until(heard.takes("one", True))
        beat = heard.beat("one")
        assert beat is not None
        assert (beat.device_type, beat.host, beat.every_s, beat.attempt) == ("numpy", "bench", 0.3, None)
        assert not beat.attended
        assert beat.free_disk_bytes
        # It lives, and says at what it is, while native code below it hangs and holds the interpreter's lock.
        limits = Limits(3.0, host.message.limits.memory_bytes)
        heard.wire.send_all([Addressed(host.asked(attempt="hangs", profile={"faults": ["spin"]}, limits=limits))])
        heard.wire.send_all([Addressed(host.asked(attempt="waits"))])
        heard.until(lambda: (beat := heard.beat("one")) is not None and beat.attempt == "hangs")
        # Told now, it finishes that one and takes no other, though one waits on its queue.
        heard.wire.tell(control("one", accept=False))
        heard.until(heard.takes("one", False), 3.0)
        heard.until(lambda: "hangs" in heard.reports())
        assert stays(lambda: "waits" in heard.reports(), heard)
        # Also when it starts again.
        process.stop()
        process.start(OFTEN)
        process.wait_until_ready()
        assert "takes no attempts: new firmware" in process.said
        assert stays(lambda: "waits" in heard.reports(), heard)
        # What would be the same unit a second time does not start.
        (tmp_path / "again").mkdir()
        second = HostProcess(one, tmp_path / "again", broker)
        stack.callback(second.stop)
        second.start(OFTEN)
        assert second.ended() == ExitCode.USAGE
        assert f"farm: FARM_UNIT: process {process.pid} of this machine is unit 'one'" in second.said
        # Its sibling on the same queue does all the work.
        stack.enter_context(running(other, tmp_path / "other", broker, OFTEN))
        heard.wire.send_all([Addressed(host.asked(attempt="more"))])
        heard.until(lambda: len(heard.reports()) == 3)
        assert heard.reports() == {"hangs": "one", "waits": "other", "more": "other"}
        # Told to, it takes its share again; as they are on one machine that may run one attempt at a time, in turns.
        for unit in ("one", "other"):
            heard.wire.tell(control(unit, accept=True, at_once=1))
            heard.until(lambda unit=unit: (beat := heard.beat(unit)) is not None and beat.at_once == 1)  # type: ignore[misc]
        before = len(heard.attempts())
        for n in range(6):
            heard.wire.send_all([Addressed(host.asked(attempt=f"both-{n}"))])
        heard.until(lambda: len(heard.reports()) == 9)
        turns = heard.attempts()[before:]
        assert [type(m) for m in turns] == [StartedMessage, ReportMessage] * 6
        assert [m.attempt for m in turns[::2]] == [m.attempt for m in turns[1::2]]
        assert {m.unit for m in turns} == {"one", "other"}
        assert not heard.wire.refused.total


class Queues:
    """A worker's consumer as far as a unit's presence touches it."""

    connection_errors = ()

    def __init__(self) -> None:
        self.app = self.amqp = self.queues = self.task_consumer = self
        self.consume_from = {"device_numpy": None}
        self.own = {"unit/device_numpy/one"}

    def add_task_queue(self, name: str) -> None:
        self.consume_from[name] = None

    def cancel_task_queue(self, name: str) -> None:
        del self.consume_from[name]

    def consuming_from(self, name: str) -> bool:
        return name in self.own

    def add_queue(self, queue: Queue) -> None:
        self.own.add(queue.name)

    def cancel_by_queue(self, name: str) -> None:
        self.own.discard(name)

    def consume(self) -> None: ...


class Beats:
    """Keeps the heartbeats."""

    def __init__(self) -> None:
        self.sent: list[HeartbeatMessage] = []

    def beat(self, body: bytes) -> None:
        message = decode(body)
        assert isinstance(message, HeartbeatMessage)
        self.sent.append(message)


@pytest.fixture
def queues() -> Queues:
    return Queues()


@pytest.fixture
def beats() -> Beats:
    return Beats()


@pytest.fixture
def step(queues: Queues, beats: Beats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Presence:
    monkeypatch.setenv("FARM_STORE_URL", str(tmp_path))
    monkeypatch.setenv("FARM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FARM_UNIT", "one")
    monkeypatch.setattr(Presence, "device_type", "numpy")
    made = Presence(queues)
    monkeypatch.setattr(made, "_heart", beats)
    return made


class Taken(AttemptRequest):
    """An attempt that a worker has taken, as far as a heartbeat asks."""

    id = "a1"

    def __init__(self) -> None: ...


def test_a_check_is_no_attempt_that_the_unit_is_at(
    step: Presence, beats: Beats, monkeypatch: pytest.MonkeyPatch
) -> None:
    for taken in ([SimpleNamespace(id="c1")], [SimpleNamespace(id="c1"), Taken()]):
        monkeypatch.setattr(state, "active_requests", taken)
        step._beat()
    assert [beat.attempt for beat in beats.sent] == [None, "a1"]


class Timer:
    """Keeps what is to be done again and again, and how often."""

    def __init__(self) -> None:
        self.entries: dict[Callable[[], None], float] = {}

    def call_repeatedly(self, every_s: float, what: Callable[[], None]) -> Callable[[], None]:
        self.entries[what] = every_s
        return what

    def cancel(self, entry: Callable[[], None]) -> None:
        del self.entries[entry]


def test_it_is_seen_within_a_second_that_the_process_below_has_ended(
    step: Presence, queues: Queues, beats: Beats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Celery itself may take five."""
    looked: list[None] = []
    pool = SimpleNamespace(maintain_pool=lambda: looked.append(None))
    consumer = SimpleNamespace(
        **{name: getattr(queues, name) for name in ("app", "task_consumer", "connection_errors", "add_task_queue")},
        connection=SimpleNamespace(channel=lambda: None), timer=Timer(), pool=pool,
    )  # fmt: skip
    queues.connection_for_write = None  # type: ignore[attr-defined]
    listener = SimpleNamespace(consume=lambda: None, channel=SimpleNamespace(close=lambda: None))
    monkeypatch.setattr("farm.host.presence.Consumer", lambda *_, **__: listener)
    monkeypatch.setattr("farm.host.presence.Heart", lambda _: SimpleNamespace(beat=beats.beat, stop=lambda: None))
    step.start(consumer)
    often = [what for what, every_s in consumer.timer.entries.items() if every_s <= 1]
    for what in often:
        what()
    assert looked == [None]
    step.stop(consumer)
    assert not consumer.timer.entries


def test_a_unit_does_as_it_is_told_and_says_so_at_once(step: Presence, queues: Queues, beats: Beats) -> None:
    for accept in (False, True):
        step._told(encode(control("one", accept, at_once=2)).decode(), None)
        assert ("device_numpy" in queues.consume_from) is accept
        assert ("unit/device_numpy/one" in queues.own) is accept
        assert (beats.sent[-1].accepting, beats.sent[-1].at_once) == (accept, 2)
    assert len(beats.sent) == 2


@pytest.mark.parametrize(
    "body",
    [
        "",
        b"{}",
        {"accept": False},
        encode(STARTED).decode(),
        encode(control("other", accept=False)).decode(),
        encode(msgspec.structs.replace(control("one", accept=False), device_type="torch")).decode(),
        seal(encode(control("one", accept=False)), "key", "numpy", 1 << 33).decode(),
    ],
    ids=["nothing", "bytes", "an object", "another message", "another unit's", "another type's", "signed, and no key"],
)
def test_what_is_not_for_this_unit_is_refused(step: Presence, queues: Queues, beats: Beats, body: object) -> None:
    step._told(body, None)
    assert "device_numpy" in queues.consume_from
    assert beats.sent == []


def test_with_a_key_only_what_is_signed_is_done(
    step: Presence, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_DEVICE_KEY", "key")
    careful = Presence(queues)
    body = encode(control("one", accept=False))
    for wrong in (body, seal(body, "other key", "numpy", 1 << 33), seal(body, "key", "numpy", 1)):
        careful._told(wrong.decode(), None)
        assert "device_numpy" in queues.consume_from
    careful._told(seal(body, "key", "numpy", 1 << 33).decode(), None)
    assert "device_numpy" not in queues.consume_from


def test_an_attempt_that_closes_the_gate_is_the_last(
    step: Presence, queues: Queues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue is left before the attempt is acknowledged: until then no other can be taken."""
    monkeypatch.setattr(Presence, "current", step)
    acknowledged = []
    request = AttemptRequest.__new__(AttemptRequest)
    request.acknowledged = False
    request._on_ack = lambda *_: acknowledged.append("device_numpy" in queues.consume_from)
    request._connection_errors = ()
    Gate(tmp_path / "cache", "numpy", "one").close("the store is away")
    request.acknowledge()
    assert acknowledged == [False]
