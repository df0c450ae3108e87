"""The Celery wire on a real Redis: round trips, garbage, acknowledgement after the merge, a broker that is away."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Queue

from farm.broker.signing import device_key, seal, unseal
from farm.celery import ATTEMPT_TASK, TRANSPORT_OPTIONS
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import Merged, merge
from farm.database.engine import Database
from farm.errors import BrokerFullError, InfrastructureError, UsageError
from farm.inventory import Inventory
from farm.protocol import (
    RESULTS_QUEUE,
    ControlMessage,
    RefusalMessage,
    StartedMessage,
    check_queue_of,
    control_queue_of,
    decode,
    encode,
    queue_of,
    unit_queue_of,
)
from farm.wires import Addressed
from farm.wires.celery import PREFETCH, RESULT_OPTIONS, CeleryWire
from tests.farm.messages import PREFIX, client_of, next_of, publish, tell, waiting
from tests.farm.rows import FakeWire, report, submit
from tests.farm.test_protocol import ATTEMPT, CHECK, REPORT, STARTED
from tests.servers import private_redis


@pytest.mark.server
def test_a_hosts_messages_arrive_as_they_were_sent(broker: str) -> None:
    with CeleryWire(broker) as wire:
        for message in (STARTED, REPORT):
            tell(broker, message)
        for message in (STARTED, REPORT):
            delivery = next_of(wire)
            assert delivery is not None
            assert delivery.message == message
            delivery.acknowledge()
        assert wire.receive(0.1) is None
    assert waiting(broker, RESULTS_QUEUE) == 0


@pytest.mark.server
def test_an_attempt_lands_in_the_queue_of_its_device_type(broker: str) -> None:
    with CeleryWire(broker) as wire:
        wire.send_all([Addressed(ATTEMPT)])
    with Connection(broker, transport_options=TRANSPORT_OPTIONS) as connection:
        queue = connection.SimpleQueue(queue_of("numpy"))
        task = queue.get(timeout=10)
        (payload,), _, _ = task.payload
        assert decode(payload) == ATTEMPT
        assert task.headers["task"] == ATTEMPT_TASK
        task.ack()
        queue.close()


@pytest.mark.server
def test_what_is_for_one_unit_lands_in_queues_of_its_own(broker: str) -> None:
    control = ControlMessage("numpy", "unit-1", False, "why", None)
    with CeleryWire(broker, "a master secret") as wire:
        wire.send_all([Addressed(ATTEMPT, "unit-1")])
        wire.tell(control)
        wire.tell(CHECK)
    assert waiting(broker, queue_of("numpy")) == 0
    for name, expected in (
        (unit_queue_of("numpy", "unit-1"), ATTEMPT),
        (check_queue_of("numpy", "unit-1"), CHECK),
        (control_queue_of("numpy", "unit-1"), control),
    ):
        with Connection(broker, transport_options=TRANSPORT_OPTIONS) as connection:
            payload = taken(connection, name)
        opened = unseal(payload, lambda _: device_key("a master secret", "numpy"), time.time())
        assert decode(opened.body) == expected
        if expected is CHECK:  # an attempt of a whole day may be before it
            assert opened.expires > time.time() + 86_400
    client = client_of(broker)
    assert not [key for key in client.scan_iter() if b"unit-1" in key]  # nothing of a unit outlives its messages
    client.close()


def taken(connection: Connection, name: str) -> str:
    """The text that waits in a queue, bare or as the only argument of a task."""
    with connection.SimpleQueue(Queue(name, exchange="", routing_key=name)) as queue:
        message = queue.get(timeout=10)
        message.ack()
        return message.payload if isinstance(message.payload, str) else str(message.payload[0][0])


GARBAGE: dict[str, tuple[object, dict[str, Any]]] = {
    "another object": ({"a": 1}, {}),
    "a number": (1, {}),
    "no message": ("hello", {}),
    "half a message": ('{"schema": "started/1", "attempt": "a"}', {}),
    "another version": ('{"schema": "report/9"}', {}),
    "a pickle": (b"\x80\x04N.", {"serializer": None, "content_type": "application/x-python-serialize"}),
    "not the JSON it says": (b"{{{", {"serializer": None, "content_type": "application/json"}),
    "not the text it says": (b"\xff\xfe", {"serializer": None, "content_type": "application/json"}),
    "unknown content": (b"x", {"serializer": None, "content_type": "application/x-unknown"}),
}


@pytest.mark.server
def test_garbage_is_taken_off_and_blocks_nothing(broker: str) -> None:
    for body, options in GARBAGE.values():
        publish(broker, body, **options)
    tell(broker, STARTED)
    with CeleryWire(broker) as wire:
        delivery = next_of(wire)
        assert delivery is not None
        assert delivery.message == STARTED
        delivery.acknowledge()
        assert wire.refused.total == len(GARBAGE)
        assert all("\n" not in reason for reason in wire.refused.counts)
    with CeleryWire(broker) as again:
        assert next_of(again, 1.0) is None
        assert again.refused.total == 0


@pytest.mark.server
@pytest.mark.parametrize(
    "raw",
    [b"garbage", b"\xff\xfe", b"{}", b"[]", b"1", b'"text"', json.dumps({"body": "x", "properties": {}}).encode()],
    ids=["text", "bytes", "an object", "a list", "a number", "a string", "half an envelope"],
)
def test_what_is_not_even_an_envelope_blocks_nothing(broker: str, raw: bytes) -> None:
    """Whoever may write to the queue may push anything on it, past every library."""
    client = client_of(broker)
    client.lpush(PREFIX + RESULTS_QUEUE, raw)
    tell(broker, STARTED)
    with CeleryWire(broker) as wire:
        delivery = next_of(wire)
        assert delivery is not None
        assert delivery.message == STARTED
        delivery.acknowledge()
        assert wire.refused.total == 1
    assert client.llen(PREFIX + RESULTS_QUEUE) == 0
    client.close()


@pytest.mark.server
def test_a_refusal_is_said_once_and_all_are_counted(broker: str, caplog: pytest.LogCaptureFixture) -> None:
    with CeleryWire(broker) as wire:
        for n in range(150):
            publish(broker, f"garbage {n}")
        tell(broker, STARTED)
        assert next_of(wire) is not None
        assert wire.refused.total == 150
    assert sum("refused a message" in record.message for record in caplog.records) == 1
    assert caplog.records[-1].message.startswith("refused 150 messages on results: 150 x not a message")


@pytest.mark.server
def test_what_was_not_acknowledged_comes_again(broker: str) -> None:
    tell(broker, STARTED)
    tell(broker, REPORT)
    with CeleryWire(broker) as wire:
        first = next_of(wire)
        assert first is not None
        first.acknowledge()
        second = next_of(wire)
        assert second is not None
        assert second.message == REPORT  # and here its coordinator ends
    with CeleryWire(broker) as another:
        again = next_of(another)
        assert again is not None
        assert again.message == REPORT
        again.acknowledge()
        assert next_of(another, 1.0) is None


@pytest.mark.server
def test_no_more_is_held_than_can_be_lost_cheaply(broker: str) -> None:
    for n in range(3 * PREFETCH):
        tell(broker, StartedMessage(f"a{n}", "t", "u"))
    with CeleryWire(broker) as wire:
        assert next_of(wire) is not None
        while wire.receive(0.1) is not None:
            pass
        assert waiting(broker, RESULTS_QUEUE) == 2 * PREFETCH


@pytest.mark.server
def test_an_acknowledgement_on_a_connection_that_is_gone_does_no_harm(broker: str) -> None:
    tell(broker, STARTED)
    wire = CeleryWire(broker)
    with wire:
        delivery = next_of(wire)
    assert delivery is not None
    delivery.acknowledge()


@pytest.mark.server
def test_what_a_killed_coordinator_held_comes_to_another_before_long(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after the day that an attempt may take: a merge takes no time at all."""
    monkeypatch.setitem(RESULT_OPTIONS, "visibility_timeout", 1)
    tell(broker, STARTED)
    killed = CeleryWire(broker)
    with CeleryWire(broker) as other:
        held = next_of(killed)
        assert held is not None
        assert next_of(other, 0.5) is None
        again = next_of(other, 20.0)
        assert again is not None
        assert again.message == STARTED
        again.acknowledge()
        held.acknowledge()  # it was frozen, not dead
        assert next_of(other, 0.5) is None


@pytest.mark.server
def test_what_is_merged_and_not_taken_off_yet_comes_again_and_changes_nothing(
    broker: str, database: Database, inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coordinator is killed after the commit, and before it has said so to the broker."""
    monkeypatch.setitem(RESULT_OPTIONS, "visibility_timeout", 0)
    submit(database, inventory, ["net"])
    sent = FakeWire()
    dispatch(database, inventory, sent)
    tell(broker, report(sent.sent[0]))
    killed = CeleryWire(broker)
    held = next_of(killed)
    assert held is not None
    assert merge(database, held.message) is Merged.RECORDED
    held.acknowledge()  # and here it ends
    with CeleryWire(broker) as other:
        again = next_of(other)
        assert again is not None
        assert merge(database, again.message) is Merged.DUPLICATE
        again.acknowledge()
        assert next_of(other, 0.3) is None


@pytest.mark.server
def test_a_broker_that_ends_before_the_acknowledgement_ends_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with private_redis(tmp_path) as server, CeleryWire(server.url) as wire:
        tell(server.url, STARTED)
        delivery = next_of(wire)
        assert delivery is not None
        server.kill()
        delivery.acknowledge()
        with pytest.raises(InfrastructureError):
            wire.receive(0.1)
    assert "could not be taken off the broker" in caplog.text


@pytest.mark.server
def test_a_full_broker_is_told_from_one_that_is_away(tmp_path: Path) -> None:
    with private_redis(tmp_path) as server, CeleryWire(server.url) as wire:
        tell(server.url, STARTED)
        client = client_of(server.url)
        client.config_set("maxmemory", "1")
        said = wire.receive(0.5)  # what is in it is taken all the same: how else is it to become empty?
        assert said is not None
        said.acknowledge()
        for attempted in (lambda: wire.send_all([Addressed(ATTEMPT)]), lambda: wire.receive(0.5)):
            with pytest.raises(BrokerFullError, match="is full: raise its maxmemory"):
                attempted()
        assert not client.exists(PREFIX + RESULTS_QUEUE, PREFIX + "unacked", PREFIX + "unacked_index")
        client.config_set("maxmemory", "0")
        wire.send_all([Addressed(ATTEMPT)])
        client.close()


@pytest.mark.server
def test_a_broker_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    with private_redis(tmp_path) as server, CeleryWire(server.url) as wire:
        assert wire.receive(0.1) is None
        server.kill()
        with pytest.raises(InfrastructureError):
            next_of(wire)
        with pytest.raises(InfrastructureError):
            wire.send_all([Addressed(ATTEMPT)])
        server.start()
        tell(server.url, STARTED)
        delivery = next_of(wire)
        assert delivery is not None
        assert delivery.message == STARTED
        wire.send_all([Addressed(ATTEMPT)])
        assert waiting(server.url, queue_of("numpy")) == 1


@pytest.mark.parametrize("what", ["send", "receive"])
def test_an_absent_broker_is_one_line_without_the_password(what: str) -> None:
    started = time.monotonic()
    with CeleryWire("redis://:sesame@127.0.0.1:1/0") as wire, pytest.raises(InfrastructureError) as caught:
        wire.send_all([Addressed(ATTEMPT)]) if what == "send" else wire.receive(0.1)
    said = str(caught.value)
    assert said.startswith("the broker at redis://:***@127.0.0.1:1/0 cannot be used: ")
    assert "sesame" not in said
    assert "\n" not in said
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("url", ["gopher://broker", "nonsense", "redis://broker:port/0"])
def test_a_url_of_no_broker_is_a_usage_error(url: str) -> None:
    with pytest.raises(UsageError, match="FARM_BROKER_URL"):
        CeleryWire(url)


@pytest.mark.server
def test_a_report_that_cannot_be_read_ends_its_attempt_with_both_versions(broker: str) -> None:
    publish(broker, encode(REPORT).decode().replace("report/4", "report/5"))
    with CeleryWire(broker) as wire:
        delivery = next_of(wire)
        assert delivery is not None
        reason = "the coordinator refuses the report: host speaks report/5, coordinator report/4"
        assert delivery.message == RefusalMessage("a1", "t1", "host-1", reason)
        delivery.acknowledge()
        assert wire.refused.counts == {"it is report/5, and report/4 is spoken here": 1}


@pytest.mark.server
def test_without_a_key_a_signed_message_is_believed_as_one_that_is_not(broker: str) -> None:
    """A host that has a key already can say so."""
    publish(broker, seal(encode(STARTED), "any key", "numpy", 0).decode())
    with CeleryWire(broker) as wire:
        delivery = next_of(wire)
        assert delivery is not None
        assert (delivery.message, delivery.signer) == (STARTED, None)
        delivery.acknowledge()
