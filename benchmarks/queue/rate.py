"""Jobs a second, from the database through a host and back, beside a bare task of Celery on the same worker and broker."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from celery import Celery
from sqlalchemy import func, select

from benchmarks.chaos.parts import Part, host_part, redis_part, wait
from benchmarks.queue.fill import fill, inventory
from farm.celery import make_app
from farm.coordinator.loop import Coordinator
from farm.coordinator.states import JobState
from farm.database.engine import Database, open_database
from farm.database.models import Job
from farm.wires.celery import CeleryWire
from tests.servers import free_port

#: As much text as the message of an attempt.
PAYLOAD = "x" * 1200
WITHIN_S = 600.0
#: Jobs and tasks before the first round.
WARM_UP = 10


@dataclass(frozen=True, slots=True)
class Rate:
    """Medians over the rounds. ``share`` is ours over bare, ``cpu_ms`` what the coordinator takes of a processor for a job."""

    database: str
    jobs: int
    ours_per_s: float
    bare_per_s: float
    share: float
    cpu_ms: float


def measure(database_url: str, redis_binary: str, jobs: int, rounds: int) -> Rate:
    """Rounds by turns: as many bare tasks as jobs, one worker with one process for each."""
    with tempfile.TemporaryDirectory(prefix="queue-") as name, _workers(Path(name), redis_binary) as (broker, client):
        database, known = open_database(database_url), inventory()
        fill(database, known, WARM_UP)
        bare, ours, cpu = [], [], []
        with CeleryWire(broker) as wire:
            app, coordinator = make_app(broker), Coordinator(database, known, wire)
            _bare(app, client, WARM_UP)
            _run(coordinator, database, WARM_UP)  # the unit was checked by then, and told to take attempts
            for number in range(rounds):
                bare.append(jobs / _bare(app, client, jobs))
                made = WARM_UP + number * jobs
                fill(database, known, jobs, known=made)
                began, cpu_began = time.perf_counter(), time.process_time()
                _run(coordinator, database, made + jobs)
                ours.append(jobs / (time.perf_counter() - began))
                cpu.append((time.process_time() - cpu_began) / jobs * 1000)
            app.close()
        dialect = database.engine.dialect.name
        database.close()
    ours_per_s, bare_per_s = statistics.median(ours), statistics.median(bare)
    return Rate(dialect, jobs, ours_per_s, bare_per_s, ours_per_s / bare_per_s, statistics.median(cpu))


@contextmanager
def _workers(folder: Path, redis_binary: str) -> Iterator[tuple[str, redis.Redis]]:
    """A broker, a stand-in host, and a worker for bare tasks; both wait while the other one works."""
    port = free_port()
    broker = f"redis://127.0.0.1:{port}/0"
    command = (
        sys.executable, "-m", "celery", "-A", "benchmarks.queue.bare", "worker", "-Q", "bare",
        "--without-mingle", "--without-gossip", "--loglevel", "WARNING",
    )  # fmt: skip
    bare = Part("bare", command, folder / "bare.log", {"FARM_BROKER_URL": broker})
    parts = [redis_part(redis_binary, folder, port), host_part("alpha", "host", folder, broker, {}, 10.0), bare]
    try:
        for part in parts:
            part.start()
        with redis.Redis.from_url(broker) as client:
            yield broker, client
    finally:
        for part in parts:
            part.kill_all()


def _bare(app: Celery, client: redis.Redis, tasks: int) -> float:
    """Seconds for so many."""
    began = time.perf_counter()
    for _ in range(tasks):
        app.send_task("bare", args=[PAYLOAD], queue="bare")
    wait(lambda: not client.exists("farm:bare", "farm:unacked"), WITHIN_S, "the end of the bare tasks")
    return time.perf_counter() - began


def _run(coordinator: Coordinator, database: Database, until: int) -> None:
    """Coordinate until so many jobs are done."""
    while _done(database) < until:
        for _ in range(8):
            coordinator.step(0.02)


def _done(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Job).where(Job.state == JobState.DONE)) or 0
