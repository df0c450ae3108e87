"""The coordinator as a Celery worker: a real process on a real Redis, and one host that answers by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from farm.database.engine import Database, open_database
from farm.database.models import Attempt, HealthCheck
from farm.inventory import load_inventory
from farm.protocol import CheckedMessage, HeartbeatMessage, StartedMessage
from farm.states.jobs import JobState
from tests.acceptance.tiny import FILES, INVENTORY
from tests.farm.conftest import Scratch
from tests.farm.messages import tell
from tests.farm.rows import job_states, report, submit
from tests.servers import redis_server

ROOT = Path(__file__).parent.parent.parent
SERVICE = (sys.executable, "-m", "celery", "-A", "farm.service", "worker", "--without-mingle", "--without-gossip")


def start(scratch: Scratch, folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FARM_")}
    with (folder / "service.log").open("wb") as out:
        return subprocess.Popen(
            [*SERVICE, "--loglevel", "INFO"],
            cwd=scratch.root,
            env={**clean, "PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(folder / "data"), **environment},
            stdout=out,
            stderr=subprocess.STDOUT,
        )


def said(folder: Path) -> str:
    return (folder / "service.log").read_text(errors="replace")


def wait(done: Callable[[], bool], what: Callable[[], str]) -> None:
    deadline = time.monotonic() + 90
    while not done():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def answer(database: Database, broker: str) -> None:
    """Every attempt that is on the way passes."""
    with database.read() as session:
        for attempt in session.scalars(select(Attempt).where(Attempt.state == "dispatched")):
            message = SimpleNamespace(
                attempt=attempt.id, token=attempt.token, nonce=attempt.nonce, bundle=attempt.job.bundle
            )
            tell(broker, StartedMessage(attempt.id, attempt.token, "unit-1"))
            tell(broker, report(message))  # type: ignore[arg-type]


def passed_checks(database: Database, broker: str) -> int:
    """Every unit passes the check that is asked of it; how many were asked so far."""
    with database.read() as session:
        checks = session.scalars(select(HealthCheck)).all()
        for check in checks:
            device = check.device
            tell(broker, CheckedMessage(check.id, check.token, device.device_type, device.unit, "", False, {}))
        return len(checks)


@pytest.mark.server
@pytest.mark.timeout(200)
def test_the_service_coordinates_until_it_is_told_to_stop(scratch: Scratch, tmp_path: Path) -> None:
    scratch.commit({**FILES, "inventory.yaml": INVENTORY}, "Start")
    url = f"sqlite:///{tmp_path / 'farm.sqlite'}"
    database = open_database(url)
    submit(database, load_inventory(scratch.root / "inventory.yaml"), ["net"])
    with redis_server(tmp_path) as broker:
        process = start(scratch, tmp_path, FARM_DATABASE_URL=url, FARM_BROKER_URL=broker)
        try:
            wait(lambda: "coordinator is up for numpy, exact" in said(tmp_path), lambda: said(tmp_path))
            for device in ("numpy", "exact"):
                tell(broker, HeartbeatMessage(device, "unit-1", "host", 60.0, True, True, None, None, None))
            wait(lambda: passed_checks(database, broker) == 2, lambda: said(tmp_path))
            wait(lambda: set(job_states(database).values()) == {JobState.DISPATCHED}, lambda: said(tmp_path))
            answer(database, broker)
            wait(lambda: set(job_states(database).values()) == {JobState.DONE}, lambda: said(tmp_path))
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()
            database.close()
    assert "Traceback" not in said(tmp_path)


@pytest.mark.server
@pytest.mark.timeout(120)
def test_a_service_that_cannot_coordinate_ends_with_the_reason(scratch: Scratch, tmp_path: Path) -> None:
    bad = INVENTORY + "queue: {lease_margin_s: 10}\n"
    scratch.commit({**FILES, "inventory.yaml": bad}, "Start")
    with redis_server(tmp_path) as broker:
        process = start(scratch, tmp_path, FARM_BROKER_URL=broker)
        try:
            assert process.wait(60) == 2
        finally:
            process.kill()
            process.wait()
    assert "queue.lease_margin_s: 10 s is too short" in said(tmp_path)
    assert "Traceback" not in said(tmp_path)
