"""What hosts say, pushed on a broker and taken off it."""

from __future__ import annotations

import time
from typing import Any

from kombu import Connection

from farm.celery import TRANSPORT_OPTIONS
from farm.protocol import RESULTS_QUEUE, Message, encode
from farm.wires.celery import CeleryDelivery, CeleryWire

PREFIX = "farm:"


def client_of(url: str) -> Any:
    import redis

    return redis.Redis.from_url(url)


def publish(url: str, body: object, **options: Any) -> None:
    """As a host does it, or as nobody should."""
    with Connection(url, transport_options=TRANSPORT_OPTIONS) as connection, connection.Producer() as producer:
        producer.publish(body, exchange="", routing_key=RESULTS_QUEUE, **{"serializer": "json", **options})


def tell(url: str, message: Message) -> None:
    publish(url, encode(message).decode())


def next_of(wire: CeleryWire, within_s: float = 10.0) -> CeleryDelivery | None:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if (delivery := wire.receive(0.1)) is not None:
            return delivery
    return None


def waiting(url: str, queue: str) -> int:
    client = client_of(url)
    try:
        return int(client.llen(PREFIX + queue))
    finally:
        client.close()
