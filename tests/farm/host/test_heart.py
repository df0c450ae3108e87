"""The thread that sends heartbeats, on brokers in this process, absent and silent ones."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from kombu import Connection

from farm.host import heart as heart_module
from farm.host.heart import UNTAKEN, Heart
from farm.protocol import RESULTS_QUEUE
from tests.farm.real_hosts import Proxy, wait
from tests.servers import redis_server

ABSENT = "redis://:sesame@127.0.0.1:1/0"


class Broker:
    """Which broker the next connection is to."""

    def __init__(self) -> None:
        self.url = "memory://"
        # Each test has a broker of its own in this process.
        self.name = uuid.uuid4().hex

    def connect(self) -> Connection:
        options = {"socket_timeout": 1, "socket_connect_timeout": 1}
        return Connection(self.url, virtual_host=self.name, transport_options={} if "memory" in self.url else options)

    def bodies(self) -> list[str]:
        taken = []
        connected = Connection("memory://", virtual_host=self.name)
        with connected as connection, connection.SimpleQueue(RESULTS_QUEUE) as results:
            while results.qsize():
                message = results.get_nowait()
                message.ack()
                taken.append(str(message.payload))
        return taken

    def waiting(self) -> int:
        connected = Connection("memory://", virtual_host=self.name)
        with connected as connection, connection.SimpleQueue(RESULTS_QUEUE) as results:
            return int(results.qsize())


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(heart_module, "RESULTS_QUEUE", made.name)
    monkeypatch.setitem(globals(), "RESULTS_QUEUE", made.name)
    return made


@pytest.fixture
def heart(broker: Broker) -> Iterator[Heart]:
    made = Heart(broker.connect)
    yield made
    made.stop()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name == "farm.host.presence"]


def until_said(caplog: pytest.LogCaptureFixture, count: int) -> Callable[[], bool]:
    return lambda: len(said(caplog)) >= count


def test_what_is_given_is_sent(heart: Heart, broker: Broker) -> None:
    sent: list[str] = []

    def arrived() -> bool:
        sent.extend(broker.bodies())
        return bool(sent)

    heart.beat(b"one")
    wait(arrived, 10)
    assert sent == ["one"]


def test_heartbeats_are_not_piled_up_for_a_coordinator_that_is_away(
    heart: Heart, broker: Broker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(heart_module, "MOST_WAITING", 3)
    beats = iter(range(1000))

    def goes_on() -> None:
        heart.beat(b"%d" % next(beats))

    def hindered() -> bool:
        goes_on()
        return bool(said(caplog))

    wait(hindered, 10)
    assert len(broker.bodies()) == 3
    goes_on()
    wait(until_said(caplog, 2), 10)
    assert said(caplog) == ["sends no heartbeats: 3 messages wait for a coordinator", "sends heartbeats again"]


def test_a_broker_that_is_away_ends_nothing_and_is_said_once(
    heart: Heart, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.url = ABSENT
    started = time.monotonic()
    heart.beat(b"one")
    assert time.monotonic() - started < 0.2  # whoever gives it does not wait
    wait(until_said(caplog, 1), 10)
    broker.url = "memory://"
    heart.beat(b"two")
    wait(until_said(caplog, 2), 10)
    assert [text.partition(":")[0] for text in said(caplog)] == ["sends no heartbeats", "sends heartbeats again"]
    assert broker.bodies() == ["two"]
    assert "sesame" not in caplog.text


@pytest.mark.server
def test_a_connection_that_has_gone_silent_is_left(
    heart: Heart, broker: Broker, caplog: pytest.LogCaptureFixture, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
        with Proxy(port) as proxy:
            broker.url = f"redis://127.0.0.1:{proxy.port}/0"
            heart.beat(b"one")
            import redis

            client = redis.Redis(port=port)
            wait(lambda: client.llen(RESULTS_QUEUE) == 1, 10)
            proxy.go_silent()
            heart.beat(b"two")
            wait(until_said(caplog, 1), 10)
            heart.beat(b"three")
            wait(lambda: client.llen(RESULTS_QUEUE) == 2, 10)
            client.close()


def test_that_nobody_takes_what_it_says_is_said_once(
    heart: Heart, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """As where the URL has another database of the coordinator's broker: all is well there, but nobody listens."""

    def says(beats: int) -> None:
        for waiting in range(1, beats + 1):
            heart.beat(b"one")
            wait(partial(lambda waiting: broker.waiting() == waiting, waiting), 10)

    says(UNTAKEN)
    assert said(caplog) == []
    assert len(broker.bodies()) == UNTAKEN
    says(2 * UNTAKEN)
    (text,) = said(caplog)
    assert text.startswith(f"nobody takes what it says, {UNTAKEN} messages wait: is a coordinator at work")
