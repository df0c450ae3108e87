"""A coordinator whose database is locked, or stopped, while hosts report: nothing leaves the broker, and nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from farm.coordinator import loop
from farm.coordinator.dispatch import dispatch
from farm.coordinator.loop import Coordinator
from farm.database.engine import Database, open_database
from farm.inventory import Inventory
from farm.protocol import RESULTS_QUEUE, StartedMessage
from farm.states.jobs import JobState
from farm.wires.celery import CeleryWire
from tests.farm.messages import client_of, tell
from tests.farm.rows import FakeWire, job_states, report, submit
from tests.servers import own_postgresql, redis_server

pytestmark = [pytest.mark.server, pytest.mark.timeout(120)]


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Another process holds an embedded database for itself."""
    with database.engine.execution_options(sqlite_begin="EXCLUSIVE").connect() as holder, holder.begin():
        holder.execute(text("SELECT 1"))
        yield


@contextmanager
def running(coordinator: Coordinator) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=coordinator.run, args=(stop.is_set,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)


def on_the_broker(client: Any) -> int:
    """Messages of hosts that are there, those that were taken and not acknowledged included."""
    return int(client.llen(f"farm:{RESULTS_QUEUE}")) + int(client.hlen("farm:unacked"))


def wait(done: Callable[[], bool], within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def away(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Database, Any]]:
    """A migrated database, and what makes it go away for the time of a block."""
    if kind == "sqlite":
        monkeypatch.setattr("farm.database.engine.BUSY_TIMEOUT_MS", 100)
        database = open_database(f"sqlite:///{folder / 'farm.sqlite'}")
        yield database, lambda: locked(database)
    else:
        with own_postgresql() as server:
            database = Database(server.get_uri())
            database.upgrade()

            @contextmanager
            def stopped() -> Iterator[None]:
                server.stop()
                try:
                    yield
                finally:
                    server.start()

            yield database, stopped
    database.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_reports_wait_on_the_broker_until_the_database_is_back(
    kind: str, inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loop, "BACK_OFF_S", 0.1)
    with (
        redis_server(tmp_path) as broker,
        away(kind, tmp_path, monkeypatch) as (database, gone),
        CeleryWire(broker) as wire,
    ):
        submit(database, inventory, ["a", "b"])
        sent = FakeWire()
        dispatch(database, inventory, sent)
        client = client_of(broker)
        with running(Coordinator(database, inventory, wire)):
            with gone():
                for message in sent.sent:
                    tell(broker, StartedMessage(message.attempt, message.token, "unit-1"))
                    tell(broker, report(message))
                wait(lambda: caplog.text.count("trying again") > 3)
                # One may be on its way to the coordinator: Redis gives it to whoever waits for one, and kombu notes it as
                # unacknowledged when it reads it. The coordinator asks for no more until it has merged what it holds.
                assert on_the_broker(client) >= 7
            wait(lambda: set(job_states(database).values()) == {JobState.DONE})
            wait(lambda: on_the_broker(client) == 0)
        client.close()
    assert "cannot be used" in caplog.text
