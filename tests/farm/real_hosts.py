"""A device host as a process of its own on a real broker, and a proxy between the two that can go silent."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from farm.protocol import HeartbeatMessage, RefusalMessage, ReportMessage, StartedMessage
from farm.wires.celery import CeleryWire
from tests.farm.forwarding import Forwarder
from tests.farm.hosts import Host

ROOT = Path(__file__).parent.parent.parent
WORKER = (sys.executable, "-m", "celery", "-A", "{app}", "worker", "--loglevel", "INFO")


class HostProcess:
    """``celery -A farm worker`` in a process; everything that it prints is in :attr:`said`."""

    def __init__(
        self,
        host: Host,
        folder: Path,
        broker: str,
        arguments: Sequence[str] = ("-Q", "device_numpy"),
        app: str = "farm",
    ) -> None:
        self._log = folder / "host.log"
        self._host, self._broker, self._arguments = host, broker, arguments
        self._worker = [word.format(app=app) for word in WORKER]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        settings = self._host.settings
        more = {
            "FARM_BROKER_URL": self._broker,
            "FARM_STORE_URL": settings.store_url,
            "FARM_CACHE": str(settings.cache),
            "FARM_UNIT": settings.unit,
            "TMPDIR": str(self._log.parent),  # what it leaves when it is killed goes with the test's folder
            **(environment or {}),
        }
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                [*self._worker, *self._arguments],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **more},
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self, within_s: float = 60.0) -> None:
        wait(lambda: " ready." in self.said or not self.lives, within_s, lambda: self.said)
        assert self.lives, self.said

    @property
    def lives(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ended(self, within_s: float = 60.0) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None
        return self._process.wait(within_s)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


@contextmanager
def running(
    host: Host, folder: Path, broker: str, environment: Mapping[str, str] | None = None, app: str = "farm"
) -> Iterator[HostProcess]:
    """A host that is ready."""
    process = HostProcess(host, folder, broker, app=app)
    process.start(environment)
    try:
        process.wait_until_ready()
        yield process
    finally:
        process.stop()


def wait(done: Callable[[], bool], within_s: float, what: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what()}"
        time.sleep(0.05)


def next_message(wire: CeleryWire, within_s: float) -> StartedMessage | ReportMessage:
    """What is said next of an attempt; heartbeats in between are taken off."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if (delivery := wire.receive(0.2)) is not None:
            delivery.acknowledge()
            if isinstance(delivery.message, StartedMessage | ReportMessage):
                return delivery.message
    raise AssertionError(f"no message within {within_s} s; refused: {dict(wire.refused.counts)}")


def heartbeat(wire: CeleryWire, within_s: float) -> HeartbeatMessage:
    """The next heartbeat of a host; what comes before it is taken off."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if (delivery := wire.receive(0.2)) is not None:
            delivery.acknowledge()
            if isinstance(delivery.message, HeartbeatMessage):
                return delivery.message
    raise AssertionError(f"no heartbeat within {within_s} s; refused: {dict(wire.refused.counts)}")


def refusal_of(wire: CeleryWire, within_s: float = 60.0) -> RefusalMessage:
    """The next refusal; what comes before it is taken off."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if (delivery := wire.receive(0.2)) is not None:
            delivery.acknowledge()
            if isinstance(delivery.message, RefusalMessage):
                return delivery.message
    raise AssertionError(f"no refusal within {within_s} s; refused: {dict(wire.refused.counts)}")


def report_of(wire: CeleryWire, attempt: str, within_s: float = 60.0) -> ReportMessage:
    """The report of an attempt; what comes before it is taken off."""
    deadline = time.monotonic() + within_s
    while True:
        message = next_message(wire, max(0.2, deadline - time.monotonic()))
        if isinstance(message, ReportMessage) and message.attempt == attempt:
            return message


class Proxy(Forwarder):
    """Forwards a port; :meth:`go_silent` leaves the connections of now open and forwards no byte of theirs any more.

    While it is ``dark``, new connections are taken and none of their bytes is forwarded, then or later: a partition.
    """

    def __init__(self, upstream: int) -> None:
        self._era = 0
        self.dark = False
        super().__init__(upstream)

    def go_silent(self) -> None:
        self._era += 1

    def serve(self, near: socket.socket) -> None:
        self.sockets.append(near)
        if self.dark:
            return
        try:
            far = socket.create_connection(("127.0.0.1", self.upstream))
        except OSError:
            near.close()
            return
        self.sockets.append(far)
        for ends in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=(*ends, self._era), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, era: int) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if era != self._era:
                    return  # neither an end nor a byte: what a pulled cable looks like
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)
