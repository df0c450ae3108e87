"""Taking from the ``results`` queue of a real Redis, beside kombu's own consumers of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Queue

from farm.broker.envelope import enveloped, opened
from farm.broker.postbox import Postbox, client_of
from farm.broker.results import GIVE_BACK_EVERY_S, Results
from farm.celery import TRANSPORT_OPTIONS
from farm.errors import UsageError
from tests.servers import private_redis

pytestmark = pytest.mark.server
QUEUE = "results"
KEYS = ("farm:results", "farm:unacked", "farm:unacked_index")


@pytest.fixture
def connection(redis_url: str) -> Iterator[Connection]:
    """A connection to an empty broker."""
    with connected(redis_url) as connection:
        client_of(connection).flushdb()
        yield connection


@contextmanager
def connected(url: str, **options: Any) -> Iterator[Connection]:
    with Connection(url, transport_options={**TRANSPORT_OPTIONS, **options}) as connection:
        yield connection


def put(connection: Connection, *texts: str, queue: str = QUEUE) -> None:
    client_of(connection).lpush(f"farm:{queue}", *(enveloped(text, queue) for text in texts))


def texts(taken: list[Any]) -> list[str]:
    return [opened(each.raw) for each in taken]


def consumed(connection: Connection) -> str:
    """The next message as a consumer of kombu's has it, unacknowledged."""
    queue = connection.SimpleQueue(Queue(QUEUE, exchange="", routing_key=QUEUE))
    return str(queue.get(timeout=5).payload)


def test_what_is_there_is_taken_in_order_and_kept_until_it_is_let_go_of(connection: Connection) -> None:
    client = client_of(connection)
    results = Results(client, QUEUE, 120)
    put(connection, "a", "b", "c")
    taken = results.take(2, 1.0)
    assert texts(taken) == ["a", "b"]
    assert (client.hlen(KEYS[1]), client.zcard(KEYS[2])) == (2, 2)
    assert texts(results.take(2, 1.0, [each.tag for each in taken])) == ["c"]
    assert (client.hlen(KEYS[1]), client.zcard(KEYS[2])) == (1, 1)
    results.let_go([taken[0].tag])  # once more does no harm
    results.let_go([])


def test_a_wait_ends_with_what_comes_or_with_its_time(connection: Connection) -> None:
    results = Results(client_of(connection), QUEUE, 120)
    for wait_s in (0.0, 0.001, 0.05):
        began = time.monotonic()
        assert results.take(9, wait_s) == []
        assert time.monotonic() - began < 2
    put(connection, "a")
    assert texts(results.take(9, 5.0)) == ["a"]


def test_what_is_given_back_is_taken_first_and_once(connection: Connection) -> None:
    one, other = Results(client_of(connection), QUEUE, 120), Results(client_of(connection), QUEUE, 120)
    put(connection, "a", "b", "c")
    tags = [each.tag for each in one.take(2, 1.0)]
    assert one.give_back([*tags, "nobody's"]) == 2
    assert one.give_back(tags) == 0
    again = other.take(9, 1.0)
    assert texts(again) == ["a", "b", "c"]
    assert one.give_back([each.tag for each in again[:1]]) == 1  # whoever took it


def test_what_one_that_was_killed_had_taken_comes_to_another_once(connection: Connection) -> None:
    put(connection, "a", "b")
    assert len(Results(client_of(connection), QUEUE, 0.2).take(9, 1.0)) == 2
    others = [Results(client_of(connection), QUEUE, 0.2) for _ in range(2)]
    assert not [each for other in others for each in other.take(9, 0.0)]
    time.sleep(0.3)
    for other in others:
        other._next_look = 0.0
    assert texts([each for other in others for each in other.take(9, 0.0)]) == ["a", "b"]
    assert GIVE_BACK_EVERY_S < 120


def test_kombu_gives_back_what_we_had_taken(connection: Connection, redis_url: str) -> None:
    """A coordinator of an earlier version comes after one of this."""
    put(connection, "a")
    assert len(Results(client_of(connection), QUEUE, 120).take(9, 1.0)) == 1
    with connected(redis_url, visibility_timeout=0) as earlier:
        earlier.channel().qos.restore_visible(interval=0)
        assert consumed(earlier) == "a"


def test_what_a_consumer_of_kombu_had_taken_is_given_back(connection: Connection, redis_url: str) -> None:
    put(connection, "a")
    with connected(redis_url) as earlier:
        assert consumed(earlier) == "a"
        assert texts(Results(client_of(connection), QUEUE, 0.0).take(9, 0.0)) == ["a"]


def test_what_is_of_another_queue_is_left_alone(connection: Connection, redis_url: str) -> None:
    put(connection, "a", queue="other")
    with connected(redis_url) as another:
        another.SimpleQueue(Queue("other", exchange="", routing_key="other")).get(timeout=5)
        assert Results(client_of(connection), QUEUE, 0.0).take(9, 0.0) == []
        assert client_of(connection).hlen(KEYS[1]) == 1


def test_what_is_no_envelope_is_taken_and_not_kept(connection: Connection) -> None:
    client = client_of(connection)
    client.lpush(KEYS[0], b"garbage", b"\xff\xfe", b"[]")
    assert [each.raw for each in Results(client, QUEUE, 120).take(9, 1.0)] == [b"garbage", b"\xff\xfe", b"[]"]
    assert not client.exists(*KEYS)


def test_a_redis_that_has_forgotten_the_scripts_is_told_them_again(connection: Connection) -> None:
    client = client_of(connection)
    results = Results(client, QUEUE, 120)
    for text in ("a", "b"):
        client.script_flush()
        put(connection, text)
        assert texts(results.take(9, 1.0)) == [text]


def test_many_are_pushed_or_none(tmp_path: Path) -> None:
    with private_redis(tmp_path) as server, connected(server.url) as connection:
        client = client_of(connection)
        postbox = Postbox(lambda: Connection(server.url, transport_options=TRANSPORT_OPTIONS))
        postbox.push([("x", b"1"), ("x", b"2"), ("y", b"3")])
        assert (client.lrange("farm:x", 0, -1), client.llen("farm:y")) == ([b"2", b"1"], 1)
        client.config_set("maxmemory", "1")
        for messages in ([("x", b"4")], [("x", b"4"), ("y", b"5")]):
            with pytest.raises(Exception, match="maxmemory"):
                postbox.push(messages)
        client.config_set("maxmemory", "0")
        postbox.push([("y", b"6")])
        assert (client.llen("farm:x"), client.llen("farm:y")) == (2, 2)
        postbox.close()


def test_a_broker_that_is_no_redis_is_refused() -> None:
    with Connection("memory://") as connection, pytest.raises(UsageError, match="is a Redis"):
        client_of(connection)
