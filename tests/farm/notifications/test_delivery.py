"""Delivery to a real server: what it does not take comes again, what a crash interrupts too, and nobody waits for it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from farm.clock import utc_now
from farm.database.engine import Database
from farm.database.models import Event, Outbox
from farm.database.outbox import LEASE, pause
from farm.errors import InfrastructureError
from farm.notifications import delivery as delivery_module
from farm.notifications.delivery import BackgroundDelivery, Delivery
from farm.notifications.targets import Target, signature
from farm.states.notifications import Kind
from tests.farm.notifications.conftest import Tell
from tests.farm.rows import START
from tests.farm.servers import Recorder

ROOT = Path(__file__).parents[3]
SECRET = "secret"
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def delivery(database: Database, *servers: Recorder, tries: int = 3, timeout_s: float = 5.0) -> Delivery:
    """To a webhook, and where there is a second server, to a chat."""
    targets = [
        Target(name, f"{server.url}/{name}", frozenset(Kind), SECRET)
        for name, server in zip(("webhook", "chat"), servers, strict=False)
    ]
    return Delivery(database, targets, tries=tries, timeout_s=timeout_s)


def at(**later: float) -> Callable[[], datetime]:
    return lambda: START + timedelta(**later)


def states(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Outbox.state).order_by(Outbox.id)))


def test_each_target_is_told_once(database: Database, tell: Tell) -> None:
    with Recorder() as webhook, Recorder() as chat:
        sender = delivery(database, webhook, chat)
        tell("17")
        tell("18")
        assert (sender.step(at()), sender.step(at(days=1))) == (4, 0)
    assert [posted.document["subject"] for posted in webhook.taken] == ["17", "18"]
    assert [posted.document["text"].split(",")[0] for posted in chat.taken] == ["job 17", "job 18"]
    first, second = webhook.taken
    assert first.headers["x-farm-notification"] != second.headers["x-farm-notification"]
    assert first.headers["x-farm-signature"] == signature(SECRET, first.headers["x-farm-timestamp"], first.body)
    assert states(database) == ["delivered"] * 4


@sqlite_only
def test_a_server_that_breaks_down_first_is_told_later(
    database: Database, tell: Tell, caplog: pytest.LogCaptureFixture
) -> None:
    with Recorder(500, 503) as server:
        sender = delivery(database, server)
        tell()
        seconds = 0.0
        for tries in (1, 2):
            assert sender.step(at(seconds=seconds)) == 0
            assert sender.step(at(seconds=seconds)) == 0  # its pause is not over
            seconds += pause(tries).total_seconds()
        assert sender.step(at(seconds=seconds)) == 1
    assert len({posted.headers["x-farm-notification"] for posted in server.asked}) == 1
    assert (len(server.asked), states(database)) == (3, ["delivered"])
    assert "the webhook did not take notification" in caplog.text
    assert "it answers 503; to be tried again" in caplog.text
    assert server.url not in caplog.text


@sqlite_only
def test_one_that_never_takes_it_is_given_up_with_an_event(
    database: Database, tell: Tell, caplog: pytest.LogCaptureFixture
) -> None:
    with Recorder(410, 410, 410) as server:
        sender = delivery(database, server)
        tell()
        for day in range(4):
            assert sender.step(at(days=day)) == 0
    assert (len(server.asked), states(database)) == (3, ["given up"])
    with database.read() as session:
        (event,) = session.scalars(select(Event))
    assert (event.kind, event.detail["error"]) == ("notification given up", "it answers 410")
    assert "given up after 3 tries" in caplog.text


@sqlite_only
def test_a_target_that_hangs_costs_one_time_out_and_holds_up_no_other(database: Database, tell: Tell) -> None:
    with Recorder(0.5, 0.5, 0.5, 0.5) as hanging, Recorder() as chat:
        sender = delivery(database, hanging, chat, timeout_s=0.1)
        for subject in ("1", "2", "3"):
            tell(subject)
        assert sender.step(at()) == 3
    assert (len(hanging.asked), len(chat.taken)) == (1, 3)


@sqlite_only
def test_nobody_there_is_the_same(database: Database, tell: Tell) -> None:
    tell()
    nowhere = Delivery(database, [Target("chat", "http://127.0.0.1:1/secret", frozenset(Kind))], tries=3, timeout_s=5.0)
    assert nowhere.step(at()) == 0
    with database.read() as session:
        row = session.scalars(select(Outbox)).one()
    assert (row.state, row.error, row.tries) == ("waiting", "connection refused", 1)


@sqlite_only
def test_a_process_that_dies_between_sending_and_recording_it_has_it_sent_again(database: Database, tell: Tell) -> None:
    with Recorder() as server:
        tell()
        code = (
            "from farm.database.engine import Database; from farm.notifications.delivery import Delivery\n"
            "from farm.states.notifications import Kind; from farm.notifications.targets import Target\n"
            f"targets = [Target('webhook', {server.url!r}, frozenset(Kind))]\n"
            f"Delivery(Database({database.url!r}), targets, tries=3, timeout_s=5.0).step()"
        )
        environment = {**os.environ, "FARM_FAILPOINT": "notify.sent"}
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False)
        assert done.returncode == -signal.SIGKILL
        assert (len(server.taken), states(database)) == (1, ["waiting"])
        sender = delivery(database, server)
        assert sender.step() == 0  # its claim holds
        assert sender.step(lambda: utc_now() + LEASE) == 1
    first, second = server.taken
    assert first.headers["x-farm-notification"] == second.headers["x-farm-notification"]
    assert states(database) == ["delivered"]


@sqlite_only
def test_two_processes_at_once_tell_once(database: Database, tell: Tell) -> None:
    with Recorder() as server:
        for n in range(12):
            tell(str(n))
        senders = [delivery(database, server) for _ in range(3)]
        threads = [threading.Thread(target=sender.step, args=(at(),)) for sender in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(int(posted.document["subject"]) for posted in server.taken) == list(range(12))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_module, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(delivery_module, "BACK_OFF_S", 0.01)


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@sqlite_only
@pytest.mark.usefixtures("quick")
def test_a_thread_delivers_until_it_is_left(database: Database, tell: Tell) -> None:
    with Recorder() as server:
        with BackgroundDelivery(delivery(database, server), lambda: None):
            tell("while it runs")
            wait(lambda: len(server.taken) == 1)
        assert states(database) == ["delivered"]
        tell("while nobody runs")
        with BackgroundDelivery(delivery(database, server), lambda: None):
            pass  # what is there at the end is told at the end
        assert len(server.taken) == 2


@sqlite_only
@pytest.mark.usefixtures("quick")
def test_leaving_does_not_wait_for_a_target_that_hangs(
    database: Database, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "GRACE_S", 0.1)
    with Recorder(9.0) as server:
        tell()
        started = time.monotonic()
        with BackgroundDelivery(delivery(database, server, timeout_s=0.2), lambda: None):
            wait(lambda: bool(server.asked))
        assert time.monotonic() - started < 6


@sqlite_only
@pytest.mark.usefixtures("quick")
def test_no_trouble_ends_the_thread(database: Database, tell: Tell, caplog: pytest.LogCaptureFixture) -> None:
    troubles: list[Exception] = [InfrastructureError("the database is away"), ValueError("an odd row")]

    def note() -> None:
        if troubles:
            raise troubles.pop(0)

    with Recorder() as server, caplog.at_level(logging.INFO), BackgroundDelivery(delivery(database, server), note):
        wait(lambda: not troubles)
        tell()
        wait(lambda: len(server.taken) == 1)
    assert "the database is away; trying again" in caplog.text
    assert "ValueError: an odd row" in caplog.text
