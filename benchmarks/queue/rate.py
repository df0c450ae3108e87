"""Jobs a second, from the database through hosts and back, beside a bare task of Celery on as many workers and one broker."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from celery import Celery
from sqlalchemy import func, select

from benchmarks.chaos.parts import Part, host_part, redis_part, wait
from benchmarks.queue.fill import fill, inventory
from farm.celery import make_app
from farm.clock import utc_now
from farm.coordinator.loop import Coordinator
from farm.database.engine import Database, open_database
from farm.database.models import Attempt, Job
from farm.states.jobs import JobState
from farm.wires.celery import CeleryWire
from tests.servers import free_port

#: As much text as the message of an attempt.
PAYLOAD = "x" * 1200
WITHIN_S = 600.0
#: Workers for each of the two, with one process each, and the window of ours: one device, and some, whose messages are merged
#: together, with the window that is meant for attempts of seconds and with one for such as are over at once.
SIDES = ((1, 2), (1, 8), (4, 2), (4, 8))
#: Many, which take half a minute to start.
MANY = (16, 2)
#: Jobs and tasks before the first round.
WARM_UP = 10
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Rate:
    """Medians over the rounds, with as many ``workers`` on each side and a ``window`` on ours. ``share`` is ours over bare.

    ``cpu_ms`` is what the coordinator takes of a processor for a job, ``host_cpu_ms`` what the processes of the hosts do;
    ``bare_cpu_ms`` what those of the workers for bare tasks take for one, and ``send_cpu_ms`` what it takes to send it.
    """

    database: str
    workers: int
    window: int
    jobs: int
    ours_per_s: float
    bare_per_s: float
    share: float
    cpu_ms: float
    host_cpu_ms: float
    bare_cpu_ms: float
    send_cpu_ms: float


def measure(database_url: str, redis_binary: str, jobs: int, rounds: int, workers: int, window: int) -> Rate:
    """Rounds by turns: as many bare tasks as jobs, and as many ``workers`` with one process for each."""
    with (
        tempfile.TemporaryDirectory(prefix="queue-") as name,
        _workers(Path(name), redis_binary, workers) as (broker, hosts, peers),
    ):
        database, known = open_database(database_url), inventory(workers, window)
        fill(database, known, WARM_UP)
        bare, ours = _Rounds(jobs, peers), _Rounds(jobs, hosts)
        with CeleryWire(broker) as wire, redis.Redis.from_url(broker) as client:
            app, coordinator = make_app(broker), Coordinator(database, known, wire)
            _bare(app, client, WARM_UP)
            _run(coordinator, database, WARM_UP)  # the unit was checked by then, and told to take attempts
            for number in range(rounds):
                bare.add(lambda: _bare(app, client, jobs))
                made = WARM_UP + number * jobs
                fill(database, known, jobs, known=made)
                ours.add(lambda until=made + jobs: _run(coordinator, database, until))
            app.close()
        dialect = database.engine.dialect.name
        database.close()
    return Rate(
        dialect,
        workers,
        window,
        jobs,
        ours.per_s,
        bare.per_s,
        ours.per_s / bare.per_s,
        ours.own_cpu_ms,
        ours.worker_cpu_ms,
        bare.worker_cpu_ms,
        bare.own_cpu_ms,
    )


class _Rounds:
    """What rounds of ``jobs`` take: of the clock, of a processor in this process, and in those of workers."""

    def __init__(self, jobs: int, workers: Sequence[Part]) -> None:
        self._jobs, self._workers = jobs, workers
        self._took: list[tuple[float, float, float]] = []

    def add(self, carry_out: Callable[[], float]) -> None:
        """Carry out a round, which says how many seconds it took."""
        own, worker = time.process_time(), self._workers_s()
        took = carry_out()
        self._took.append((took, time.process_time() - own, self._workers_s() - worker))

    def _workers_s(self) -> float:
        return sum(map(_cpu_s, self._workers))

    @property
    def per_s(self) -> float:
        return self._jobs / self._median(0)

    @property
    def own_cpu_ms(self) -> float:
        return 1000 * self._median(1) / self._jobs

    @property
    def worker_cpu_ms(self) -> float:
        return 1000 * self._median(2) / self._jobs

    def _median(self, column: int) -> float:
        return statistics.median(row[column] for row in self._took)


def _cpu_s(part: Part) -> float:
    """Seconds that a worker's own process and its children took of a processor, those that have ended too."""
    assert part.process is not None
    return sum(_ticks(pid, ended=pid == part.process.pid) for pid in (part.process.pid, *part.children())) / TICKS


def _ticks(pid: int, *, ended: bool) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0  # it has ended meanwhile
    return sum(map(int, fields[11 : 15 if ended else 13]))


@contextmanager
def _workers(folder: Path, redis_binary: str, each: int) -> Iterator[tuple[str, list[Part], list[Part]]]:
    """A broker, stand-in hosts, and workers for bare tasks; the ones wait while the others work."""
    port = free_port()
    broker = f"redis://127.0.0.1:{port}/0"
    command = (
        sys.executable, "-m", "celery", "-A", "benchmarks.queue.bare", "worker", "-Q", "bare",
        "--without-mingle", "--without-gossip", "--loglevel", "WARNING",
    )  # fmt: skip
    redis = redis_part(redis_binary, folder, port)
    hosts = [host_part("alpha", f"host-{n}", folder, broker, {}, 10.0, "WARNING") for n in range(each)]
    environment = {"FARM_BROKER_URL": broker}
    peers = [
        Part(f"bare-{n}", (*command, "-n", f"bare-{n}"), folder / f"bare-{n}.log", environment) for n in range(each)
    ]
    parts = (redis, *hosts, *peers)
    try:
        for part in parts:
            part.start()
        yield broker, hosts, peers
    finally:
        for part in parts:
            part.kill_all()


def _bare(app: Celery, client: redis.Redis, tasks: int) -> float:
    """Seconds for so many."""
    began = time.perf_counter()
    for _ in range(tasks):
        app.send_task("bare", args=[PAYLOAD], queue="bare")
    wait(lambda: not client.exists("farm:bare", "farm:unacked"), WITHIN_S, "the end of the bare tasks", every_s=0.005)
    return time.perf_counter() - began


def _run(coordinator: Coordinator, database: Database, until: int) -> float:
    """Coordinate until so many jobs are done; seconds from here to the report that ended the last one."""
    began = utc_now()
    while _done(database) < until:
        coordinator.step()
    with database.read() as session:
        ended = session.scalars(select(Attempt.finished).order_by(Attempt.finished.desc()).limit(1)).one()
    assert ended is not None
    return (ended - began).total_seconds()


def _done(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Job).where(Job.state == JobState.DONE)) or 0
