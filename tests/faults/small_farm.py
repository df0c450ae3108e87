"""A farm of one unit, as real processes to break and to look at: Redis, a coordinator with short leases, a stand-in host."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from benchmarks.chaos.figures import Figures, collect, read_runs
from benchmarks.chaos.parts import Part, coordinator_part, host_part, inventory, redis_part, wait
from farm.clock import utc_now
from farm.database.engine import Database, open_database
from farm.database.models import Device
from farm.inventory import Inventory
from farm.reading.job_list import ListedJob, list_jobs
from farm.states.jobs import OPEN_JOBS, JobState
from tests.farm.real_hosts import Proxy
from tests.farm.rows import submit
from tests.servers import free_port, redis_binary

#: Of an attempt that has begun; twice as long on the wire.
LEASE_S = 1.5
WINDOW = 2
WITHIN_S = 90.0


@dataclass
class SmallFarm:
    """Its parts by name, and all that was submitted to it."""

    folder: Path
    database: Database
    inventory: Inventory
    redis: Part
    port: int
    proxy: Proxy
    host: Part
    coordinator: Part
    submitted: int = 0
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def submit(self, jobs: int = 2, kind: str = "net") -> set[int]:
        """Queue some, ``slow`` ones where there must be time to disturb them; their ids."""
        number = next(self._numbers)
        names = [f"{kind}{number}-{n}" for n in range(jobs)]
        before = self.jobs()
        submit(self.database, self.inventory, names, f"commit{number}", submitted=utc_now())
        self.submitted += jobs
        return set(self.jobs()) - set(before)

    def jobs(self) -> dict[int, ListedJob]:
        """All of them, as ``farm jobs`` shows them."""
        with self.database.read() as session:
            listed = list_jobs(session, self.inventory, utc_now(), attended=True, states=tuple(JobState))
        return {job.id: job for job in listed.jobs}

    def wait_for_the_end(self, within_s: float = WITHIN_S) -> None:
        """Wait until no job waits or runs, and hold that the table is right."""
        wait(lambda: not any(job.state in OPEN_JOBS for job in self.jobs().values()), within_s, f"the end: {self.said}")
        found = self.figures()
        assert found.holds, found

    def figures(self) -> Figures:
        return collect(
            self.database,
            self.submitted,
            0,
            self.runs(),
            (),
            partitions=False,
            seconds=0,
            seed=0,
            lease_s=LEASE_S,
            window=WINDOW,
        )

    def runs(self) -> list[str]:
        """The attempts that the host has begun, each as often as it was."""
        return read_runs(self.folder / "runs")

    def wait_until_begun(self, jobs: set[int]) -> None:
        """Wait until the host is at one of these jobs."""
        wait(lambda: any(self.jobs()[job].state == JobState.RUNNING for job in jobs), WITHIN_S, self.said)

    def is_heard(self) -> bool:
        """Whether a unit has sent a heartbeat since it was last forgotten."""
        with self.database.read() as session:
            return session.scalar(select(Device.heartbeat)) is not None

    def restart_host(self, **environment: str) -> None:
        """The host anew, with more in its environment, once it is there."""
        before = self.host.said.count(" ready.")
        self.host.kill_all()
        self.host.environment = {**_HOST, **_places(self.folder, self.proxy.port), **environment}
        self.host.start()
        wait(lambda: self.host.said.count(" ready.") > before, WITHIN_S, "the host's start")

    def restart_coordinator(self, **environment: str) -> None:
        """The coordinator anew, with more in its environment."""
        self.coordinator.kill_all()
        self.coordinator.environment = environment
        self.coordinator.start()

    def stop(self) -> None:
        for part in (self.host, self.coordinator, self.redis):
            part.kill_all()
        self.proxy.__exit__()
        self.database.close()

    @property
    def said(self) -> str:
        return "".join(part.said[-1500:] for part in (self.coordinator, self.host))


_HOST = {"STANDIN_WORK_S": "0.3", "FARM_UNIT": "host-alpha-0", "FARM_HEARTBEAT_S": "0.5"}


def _places(folder: Path, port: int) -> dict[str, str]:
    return {
        "FARM_BROKER_URL": f"redis://127.0.0.1:{port}/0",
        "FARM_STORE_URL": str(folder / "store"),
        "FARM_CACHE": str(folder / "cache"),
        "STANDIN_RUNS": str(folder / "runs"),
    }


@contextmanager
def small_farm(folder: Path, *redis_options: str, environment: Mapping[str, str] | None = None) -> Iterator[SmallFarm]:
    """One that is up, and whose unit takes attempts."""
    binary = redis_binary()
    port = free_port()
    database, url = open_database(f"sqlite:///{folder / 'farm.sqlite'}"), f"sqlite:///{folder / 'farm.sqlite'}"
    redis = redis_part(binary, folder, port, *redis_options)
    redis.start()
    proxy = Proxy(port)
    places = _places(folder, proxy.port)
    host = host_part("alpha", "host-alpha-0", folder, places["FARM_BROKER_URL"], {**_HOST, **places}, 0.5)
    coordinator = coordinator_part(1, folder, url, f"redis://127.0.0.1:{port}/0", LEASE_S, WINDOW)
    known = inventory()
    del known.devices["beta"]
    farm = SmallFarm(folder, database, known, redis, port, proxy, host, coordinator)
    try:
        host.start()
        coordinator.environment = dict(environment or {})
        coordinator.start()
        wait(farm.is_heard, WITHIN_S, "the host's first heartbeat")
        yield farm
    finally:
        farm.stop()
