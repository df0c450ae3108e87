"""What messages take of a real Redis, and of a coordinator to send and to take them: by the product's own wire and hosts."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import redis

from benchmarks.chaos.parts import redis_part, wait
from benchmarks.scale.reports import report
from farm.broker.access import KEY_PREFIX
from farm.celery import make_app
from farm.errors import InfrastructureError
from farm.protocol import RESULTS_QUEUE, AttemptMessage, Limits, encode, new_token
from farm.wires import Addressed
from farm.wires.celery import CeleryWire
from tests.servers import free_port
from workers.outcome import Outcome
from workers.policy import Policy

MESSAGES = 200
WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Broker:
    """Bytes of Redis' memory that one message takes, its part of lists and hashes included; ``empty_bytes`` is without any.

    ``send_ms`` and ``take_ms`` are what this process takes of a processor to send an attempt, and to take a report and have it
    let go of, where each is alone. Some together cost less.
    """

    attempt_bytes: int
    report_bytes: int
    empty_bytes: int
    send_ms: float
    take_ms: float


def measure(binary: str, policy: Policy) -> Broker:
    """Fill a Redis of its own with attempts, then with reports; then send and take some one by one."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="scale-") as name:
        server = redis_part(binary, Path(name), port)
        server.start()
        try:
            url = f"redis://127.0.0.1:{port}/0"
            with redis.Redis.from_url(url) as client, CeleryWire(url) as wire:
                wait(lambda: _answers(client), 10, "a Redis that answers")
                messages = [_message(policy) for _ in range(MESSAGES)]
                wire.send_all([Addressed(messages[0])])  # what is made once is there by now
                empty = _used(client)
                began = time.process_time()
                for message in messages:  # one by one: what a connection keeps of many at once counts as memory too
                    wire.send_all([Addressed(message)])
                send_ms = 1000 * (time.process_time() - began) / MESSAGES
                with_attempts = _used(client)
                _publish(url, messages)
                attempt_bytes = (with_attempts - empty) // MESSAGES
                report_bytes = (_used(client) - with_attempts) // MESSAGES
                client.delete(KEY_PREFIX + RESULTS_QUEUE)
                return Broker(attempt_bytes, report_bytes, empty, send_ms, _take_ms(url, wire, messages))
        finally:
            server.kill()


def _take_ms(url: str, wire: CeleryWire, messages: Sequence[AttemptMessage]) -> float:
    spent = 0.0
    for message in messages:
        _publish(url, [message])
        began = time.process_time()
        delivery = wire.receive(WITHIN_S)
        if delivery is None:
            raise InfrastructureError("a report that was sent did not come")
        delivery.acknowledge()
        spent += time.process_time() - began
    return 1000 * spent / len(messages)


def _publish(url: str, messages: Sequence[AttemptMessage]) -> None:
    chance = random.Random(0)
    app = make_app(url)
    with app.producer_or_acquire() as producer:
        for message in messages:
            body = encode(report(message, "unit-1", Outcome.PASS, 3.0, chance)).decode()
            producer.publish(body, exchange="", routing_key=RESULTS_QUEUE, serializer="json")
    app.close()


def _message(policy: Policy) -> AttemptMessage:
    return AttemptMessage(
        attempt=new_token(), token=new_token(), nonce=new_token(), architecture="network:architecture_0001",
        bundle="0" * 64, manifest="0" * 64, device_type="device_001", driver="numpy", profile={"n": "device_001"},
        policy=policy, limits=Limits(300.0, 8 << 30), measured_stack=None,
    )  # fmt: skip


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def _used(client: redis.Redis) -> int:
    return int(client.info("memory")["used_memory"])
