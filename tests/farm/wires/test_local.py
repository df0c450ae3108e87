"""The local wire: the very same attempts, without a broker."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from farm.protocol import AttemptMessage, Message, ReportMessage, StartedMessage
from farm.settings import HostSettings
from farm.wires import Addressed
from farm.wires import local as local_module
from farm.wires.local import LocalWire
from tests.farm.hosts import Host, make_host
from workers.outcome import Cause, Outcome
from workers.report import AttemptReport, Stage


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return make_host(tmp_path)


class Slow:
    """An attempt that lasts until it is let go; counts how many are under way at once."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.under_way = self.most = 0
        self._lock = threading.Lock()

    def __call__(self, message: AttemptMessage, host: HostSettings) -> ReportMessage:
        with self._lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        self.go.wait(20)
        with self._lock:
            self.under_way -= 1
        report = AttemptReport(Outcome.PASS, Cause.UNKNOWN, "", Stage.DONE, message.bundle, message.nonce)
        return ReportMessage(message.attempt, message.token, host.unit, 0.1, report)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    made = Slow()
    monkeypatch.setattr(local_module, "perform", made)
    return made


def received(wire: LocalWire, count: int) -> list[Message]:
    messages: list[Message] = []
    deadline = time.monotonic() + 30
    while len(messages) < count and time.monotonic() < deadline:
        if (delivery := wire.receive(0.1)) is not None:
            delivery.acknowledge()
            messages.append(delivery.message)
    return messages


def test_an_attempt_starts_and_reports(host: Host) -> None:
    with LocalWire(host.settings, parallel=1) as wire:
        wire.send_all([Addressed(host.message)])
        started, told = received(wire, 2)
    assert started == StartedMessage("a1", "t1", "unit-1")
    assert isinstance(told, ReportMessage)
    assert (told.report.outcome, told.report.bundle) == (Outcome.PASS, host.message.bundle)


def test_nothing_is_waited_for_no_longer_than_asked(host: Host) -> None:
    with LocalWire(host.settings, 1) as wire:
        started = time.monotonic()
        assert wire.receive(0.05) is None
        assert time.monotonic() - started < 5


def test_attempts_run_side_by_side_up_to_the_bound(host: Host, slow: Slow) -> None:
    with LocalWire(host.settings, 2) as wire:
        for n in range(4):
            wire.send_all([Addressed(host.asked(attempt=f"a{n}"))])
        assert [type(m) for m in received(wire, 2)] == [StartedMessage, StartedMessage]
        assert wire.receive(0.1) is None
        slow.go.set()
        rest = received(wire, 6)
    assert slow.most == 2
    reports = [m for m in rest if isinstance(m, ReportMessage)]
    assert sorted(m.attempt for m in reports) == ["a0", "a1", "a2", "a3"]


def test_leaving_waits_for_what_runs_and_drops_what_does_not(host: Host, slow: Slow) -> None:
    with LocalWire(host.settings, 1) as wire:
        wire.send_all([Addressed(host.message)])
        wire.send_all([Addressed(host.asked(attempt="a2"))])
        assert received(wire, 1) == [StartedMessage("a1", "t1", "unit-1")]
        threading.Timer(0.2, slow.go.set).start()
    (told,) = received(wire, 1)
    assert told.attempt == "a1"
    assert wire.receive(0.1) is None


def test_a_host_that_fails_reports_too(host: Host) -> None:
    with LocalWire(host.settings, 1) as wire:
        wire.send_all([Addressed(host.asked(manifest="d" * 64))])
        _, told = received(wire, 2)
    assert isinstance(told, ReportMessage)
    assert told.report.outcome is Outcome.INFRA_ERROR
