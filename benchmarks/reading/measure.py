"""What the reading commands ask of the database, timed one by one."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from starlette.testclient import TestClient

from benchmarks.inventories import write_inventory
from benchmarks.reading.fill import Filled, inventory_document
from farm.clock import utc_now
from farm.database.engine import Database
from farm.inventory import Inventory
from farm.metrics.reading import read_figures
from farm.reading.status import read_status
from farm.settings import Settings
from farm.table.diff import compare
from farm.table.table import build_differing, build_table
from farm.web.app import create_app

#: Looks that do not count: statements are compiled and pages are read by then.
WARM_UP = 2
SLOWER_BY = 1.5


@dataclass(frozen=True, slots=True)
class Reading:
    """Medians, in milliseconds of the clock and of this processor, of one query on a database of so many case results."""

    query: str
    database: str
    results: int
    median_ms: float
    cpu_ms: float


def measure(database: Database, inventory: Inventory, filled: Filled, folder: Path, rounds: int) -> Iterator[Reading]:
    """Each of the queries, ``rounds`` times; ``folder`` is empty, and the pages' repository."""
    for name, query in _queries(database, inventory, filled, folder).items():
        took = [_timed(query) for _ in range(WARM_UP + rounds)][WARM_UP:]
        clock, cpu = (statistics.median(column) * 1000 for column in zip(*took, strict=True))
        yield Reading(name, database.engine.dialect.name, filled.results, clock, cpu)


def _queries(database: Database, inventory: Inventory, filled: Filled, folder: Path) -> dict[str, Callable[[], object]]:
    newest, before = filled.commits[-1], filled.commits[-2:][0]
    client = TestClient(create_app(_settings(database.url, folder)))

    def status(architecture: str) -> None:
        with database.read() as session:
            read_status(session, inventory, newest, architecture, utc_now(), attended=True)

    def table() -> None:
        with database.read() as session:
            build_table(session, newest, inventory)

    def diff(since: str) -> None:
        with database.read() as session:
            tables = build_differing(session, since, newest, inventory)
        compare(*tables, SLOWER_BY)

    def metrics() -> None:
        with database.read() as session:
            read_figures(session, inventory.devices, "", utc_now())

    return {
        "status": lambda: status("architecture_001"),
        "status of what was never run": lambda: status("architecture_000"),
        "table": table,
        "diff to the commit before": lambda: diff(before),
        "diff to the first commit": lambda: diff(filled.commits[0]),
        "metrics": metrics,
        "page of the table": lambda: client.get(f"/table/{newest}").raise_for_status(),
        "page of the diff": lambda: client.get(f"/diff/{before}/{newest}").raise_for_status(),
    }


def _settings(database_url: str, folder: Path) -> Settings:
    """Of a repository in ``folder`` with the inventory that the database was filled for."""
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    write_inventory(folder / "inventory.yaml", inventory_document())
    return Settings.load(folder, {"FARM_DATABASE_URL": database_url})


def _timed(query: Callable[[], object]) -> tuple[float, float]:
    began, cpu_began = time.perf_counter(), time.process_time()
    query()
    return time.perf_counter() - began, time.process_time() - cpu_began
