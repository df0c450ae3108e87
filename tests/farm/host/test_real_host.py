"""A device host as a real process on a real Redis: crashes, hangs, silent connections and poison leave it at work."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from farm.broker.access import KEY_PREFIX
from farm.errors import ExitCode
from farm.protocol import ReportMessage, StartedMessage, queue_of
from farm.wires import Addressed
from farm.wires.celery import CeleryWire
from tests.farm.hosts import Host, make_host
from tests.farm.real_hosts import HostProcess, Proxy, next_message, report_of, running, wait
from tests.servers import RedisServer, private_redis
from workers.outcome import Cause, Outcome

pytestmark = [pytest.mark.server, pytest.mark.timeout(240)]
QUEUE = KEY_PREFIX + queue_of("numpy")


def test_a_host_goes_on_after_a_crash_and_after_a_native_hang(
    kept_host: Host, own_redis: RedisServer, admin: Any, tmp_path: Path
) -> None:
    """The crash is an attempt with its signal, the hang one that was killed at its limit; neither is the worker's end."""
    with CeleryWire(own_redis.url) as wire, running(kept_host, tmp_path, own_redis.url) as process:
        wire.send_all([Addressed(kept_host.asked(attempt="crash", profile={"faults": ["segfault"]}))])
        crashed = report_of(wire, "crash").report
        assert (crashed.outcome, crashed.cause, crashed.signal) == (Outcome.CRASH, Cause.DEVICE_STACK, 11)

        limits = type(kept_host.message.limits)(6.0, kept_host.message.limits.memory_bytes)
        wire.send_all([Addressed(kept_host.asked(attempt="spin", profile={"faults": ["spin"]}, limits=limits))])
        wait(lambda: admin.exists(f"{KEY_PREFIX}unacked/{queue_of('numpy')}/unit-1") == 1, 20)
        assert not admin.exists(f"{KEY_PREFIX}unacked_index/{queue_of('numpy')}/another")
        spun = report_of(wire, "spin")
        assert spun.report.outcome is Outcome.DEVICE_TIMEOUT
        assert 6.0 <= spun.duration_s < 20.0

        wire.send_all([Addressed(kept_host.asked(attempt="good"))])
        assert report_of(wire, "good").report.outcome is Outcome.PASS
        assert process.lives
        wait(lambda: not admin.exists(f"{KEY_PREFIX}unacked/{queue_of('numpy')}/unit-1"), 10)


SILENT = ("idle", "at its end", "at work")


@pytest.fixture(scope="module")
def silences(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[float]]]:
    """Seconds until a host whose connection went silent is at work again; all at once, as nearly all of it is waiting."""
    folders = {when: tmp_path_factory.mktemp("silent") for when in SILENT}
    with ThreadPoolExecutor(len(SILENT)) as pool:
        yield {when: pool.submit(silence, when, folder) for when, folder in folders.items()}


@pytest.mark.parametrize("when", SILENT)
def test_a_silent_connection_is_left_within_half_a_minute(silences: dict[str, Future[float]], when: str) -> None:
    """A message may be lost with the old connection: it was taken and never arrived. The database sends it again."""
    assert silences[when].result() < 30


def silence(when: str, folder: Path) -> float:
    """A host on a Redis of its own whose connection goes silent; seconds until something of a later attempt arrives."""
    host = make_host(folder)
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(private_redis(folder))
        proxy = stack.enter_context(Proxy(redis.port))
        wire = stack.enter_context(CeleryWire(redis.url))
        process = stack.enter_context(running(host, folder, f"redis://127.0.0.1:{proxy.port}/0"))
        wire.send_all([Addressed(host.asked(attempt="before"))])
        assert next_message(wire, 30).attempt == "before"
        if when != "at work":
            report_of(wire, "before")
        if when == "idle":
            wait(lambda: "succeeded" in process.said, 20)
            time.sleep(1)
        proxy.go_silent()
        silent, sent, back = time.monotonic(), 0, None
        while back is None:
            if time.monotonic() - silent > sent:
                wire.send_all([Addressed(host.asked(attempt=f"after-{sent}"))])
                sent += 1
            delivery = wire.receive(0.2)
            message = delivery.message if delivery else None
            if isinstance(message, StartedMessage | ReportMessage) and message.attempt.startswith("after"):
                back = time.monotonic() - silent
            assert time.monotonic() - silent < 60, process.said
        assert process.lives
    return back


def envelope(body: bytes, content_type: str = "application/json", encoding: str = "utf-8", **headers: str) -> bytes:
    """A message as Celery writes it on Redis, of whatever is to be in it."""
    properties = {
        "body_encoding": "base64",
        "delivery_tag": "1",
        "delivery_info": {"exchange": "", "routing_key": queue_of("numpy")},
    }
    made = {"content-type": content_type, "content-encoding": encoding, "headers": headers, "properties": properties}
    return json.dumps(made | {"body": base64.b64encode(body).decode()}).encode()


def poison(mark: Path) -> dict[str, bytes]:
    """Payloads that end a worker, or that it must refuse; the last would make the file ``mark`` if it were run."""
    return {
        "text": b"not json",
        "null": b"null",
        "a list": b"[1, 2]",
        "bad base64": envelope(b"").replace(b'"body": ""', b'"body": "%%%"'),
        "an object": b"{}",
        "too deep": envelope(b"[" * 100_000, task="farm.attempt", id="x"),
        "a pickle": envelope(
            f"cos\nsystem\n(S'touch {mark}'\ntR.".encode(),
            "application/x-python-serialize",
            "binary",
            task="farm.attempt",
            id="x",
        ),
    }


def test_poison_is_never_run_and_a_supervisor_gets_over_it(
    kept_host: Host, own_redis: RedisServer, admin: Any, tmp_path: Path
) -> None:
    """Whoever may write to the queue may end the worker: that is what the accounts and the restart are for."""
    process, starts = HostProcess(kept_host, tmp_path, own_redis.url), 0
    mark = tmp_path / "ran"
    try:
        with CeleryWire(own_redis.url) as wire:
            for n, (name, raw) in enumerate(poison(mark).items()):
                admin.lpush(QUEUE, raw)
                wire.send_all([Addressed(kept_host.asked(attempt=f"next-{n}"))])
                reported = False
                deadline = time.monotonic() + 60
                while not reported:
                    if not process.lives:  # what a supervisor does
                        process.start()
                        starts += 1
                    delivery = wire.receive(0.2)
                    if delivery is not None:
                        delivery.acknowledge()
                        reported = isinstance(delivery.message, ReportMessage)
                    assert time.monotonic() < deadline, f"{name}: {process.said}"
                assert delivery is not None
                assert isinstance(delivery.message, ReportMessage)
                assert delivery.message.attempt == f"next-{n}"
        assert 1 < starts <= 1 + len(poison(mark))
        assert admin.llen(QUEUE) == 0
        assert not mark.exists()
    finally:
        process.stop()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("-Q", "device_numpy", "-P", "solo"), "-P solo: a device host runs prefork"),
        (("-Q", "device_numpy", "-c", "2"), "-c 2: a device host runs one attempt at a time"),
        ((), "no -Q: a device host serves one device type"),
    ],
    ids=["pool", "concurrency", "queue"],
)
def test_a_worker_that_could_not_keep_its_promises_does_not_start(
    kept_host: Host, own_redis: RedisServer, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    process = HostProcess(kept_host, tmp_path, own_redis.url, arguments)
    process.start()
    try:
        assert process.ended() == ExitCode.USAGE
    finally:
        process.stop()
    assert f"farm: {reason}" in process.said
    assert "Traceback" not in process.said
