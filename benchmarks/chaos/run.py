"""One run: a small farm is fed with jobs while parts of it are killed; then it is left alone, and comes to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.chaos.figures import Figures, collect, read_runs
from benchmarks.chaos.killer import Killer
from benchmarks.chaos.parts import UNITS, Part, coordinator_part, host_part, inventory, redis_part, wait
from benchmarks.standin.attempts import POISON
from farm.database.engine import Database, open_database
from farm.database.models import Device, Job
from farm.states.jobs import OPEN_JOBS, JobState
from tests.farm.real_hosts import Proxy
from tests.farm.rows import submit
from tests.servers import free_port

#: Leases of the run: what is lost is noticed after as long, and an attempt takes ``WORK_S`` at most.
LEASE_S, WORK_S = 4.0, 0.3
#: Jobs that are kept waiting while parts are killed, and names of one submission.
WAITING, AT_ONCE = 8, 6
#: Architectures that kill whoever runs them.
POISONED = 1
SETTLE_S = 300.0


@dataclass
class Farm:
    """The processes of a run, and what was asked of them."""

    folder: Path
    database_url: str
    redis_binary: str
    partitions: bool
    window: int
    parts: list[Part] = field(default_factory=list)
    proxy: Proxy | None = None
    submitted: int = 0
    ended: dict[int, str] = field(default_factory=dict)
    left_end: int = 0

    def start(self, database: Database) -> None:
        """Start everything and wait until every unit has been heard of."""
        port = free_port()
        redis = redis_part(self.redis_binary, self.folder, port)
        redis.start()
        broker = f"redis://127.0.0.1:{port}/0"
        to_hosts = broker
        if self.partitions:
            self.proxy = Proxy(port)
            to_hosts = f"redis://127.0.0.1:{self.proxy.port}/0"
        own = {"STANDIN_WORK_S": str(WORK_S), "STANDIN_RUNS": str(self.runs)}
        units = [(device, n) for device, units in UNITS.items() for n in range(units)]
        self.parts = [
            redis,
            *(coordinator_part(n, self.folder, self.database_url, broker, LEASE_S, self.window) for n in (1, 2)),
            *(host_part(device, f"host-{device}-{n}", self.folder, to_hosts, own) for device, n in units),
        ]
        for part in self.parts[1:]:
            part.start()
        wait(lambda: heard(database) == len(units), 120, "the hosts' first heartbeats")

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    def stop(self) -> None:
        for part in self.parts:
            part.kill_all()
        if self.proxy:
            self.proxy.__exit__()

    def feed(self, database: Database) -> None:
        """Submit more where little waits."""
        with database.read() as session:
            query = select(func.count()).select_from(Job).where(Job.state == JobState.QUEUED)
            waiting = session.scalar(query) or 0
        if waiting < WAITING:
            names = [f"net{self.submitted + n}" for n in range(AT_ONCE)]
            if not self.submitted:
                names += [f"{POISON}{n}" for n in range(POISONED)]
            submit(database, inventory(), names, f"commit{self.submitted}")
            self.submitted += len(names)

    def watch(self, database: Database) -> int:
        """Look whether a job has left its end; returns how many are not at theirs."""
        with database.read() as session:
            states = {row.id: row.state for row in session.execute(select(Job.id, Job.state))}
        self.left_end += sum(states.get(job) != state for job, state in self.ended.items())
        self.ended = {job: state for job, state in states.items() if state not in OPEN_JOBS}
        return len(states) - len(self.ended)


def heard(database: Database) -> int:
    """How many units have sent a heartbeat."""
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Device)) or 0


def run(
    folder: Path,
    database_url: str,
    redis_binary: str,
    seconds: float,
    seed: int,
    *,
    partitions: bool = False,
    window: int = 2,
    say: Callable[[str], None] = lambda _: None,
) -> Figures:
    """Kill for ``seconds``, then wait for the end, and see what came of it.

    Raises:
        TimeoutError: the farm did not start, or some jobs never came to their end.
    """
    database = open_database(database_url)
    farm = Farm(folder, database_url, redis_binary, partitions, window)
    try:
        farm.start(database)
        say(f"{len(farm.parts)} processes are up; killing for {seconds:g} s")
        killer, end = Killer(seed, farm.parts, farm.proxy, time.monotonic()), time.monotonic() + seconds
        while time.monotonic() < end:
            farm.feed(database)
            farm.watch(database)
            killer.act(time.monotonic())
            time.sleep(0.1)
        killer.end()
        say(f"{len(killer.kills)} kills; waiting for the end of {farm.watch(database)} jobs")
        settle(farm, database, killer)
        return collect(
            database,
            farm.submitted * len(UNITS),
            farm.left_end,
            read_runs(farm.runs),
            killer.kills,
            partitions=partitions,
            seconds=seconds,
            seed=seed,
            lease_s=LEASE_S,
            window=window,
        )
    finally:
        farm.stop()
        database.close()


def settle(farm: Farm, database: Database, killer: Killer) -> None:
    def over() -> bool:
        killer.repair(time.monotonic())
        return not farm.watch(database)

    wait(over, SETTLE_S, "the end of all jobs")
