"""What the reading commands ask of the database, timed one by one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.reading.fill import Filled
from farm.clock import utc_now
from farm.database.engine import Database
from farm.diff import compare
from farm.inventory import Inventory
from farm.job_list import newest_jobs
from farm.table import build_differing, build_table

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


def measure(database: Database, inventory: Inventory, filled: Filled, rounds: int) -> Iterator[Reading]:
    """Each of the queries, ``rounds`` times."""
    for name, query in _queries(database, inventory, filled).items():
        took = [_timed(query) for _ in range(WARM_UP + rounds)][WARM_UP:]
        clock, cpu = (statistics.median(column) * 1000 for column in zip(*took, strict=True))
        yield Reading(name, database.engine.dialect.name, filled.results, clock, cpu)


def _queries(database: Database, inventory: Inventory, filled: Filled) -> dict[str, Callable[[], object]]:
    newest, before = filled.commits[-1], filled.commits[-2:][0]

    def status(architecture: str) -> None:
        with database.read() as session:
            (row,) = build_table(session, newest, inventory, architecture).rows
            newest_jobs(session, inventory, utc_now(), newest, row.kind, row.name, attended=True)

    def table() -> None:
        with database.read() as session:
            build_table(session, newest, inventory)

    def diff(since: str) -> None:
        with database.read() as session:
            tables = build_differing(session, since, newest, inventory)
        compare(*tables, SLOWER_BY)

    return {
        "status": lambda: status("architecture_001"),
        "status of what was never run": lambda: status("architecture_000"),
        "table": table,
        "diff to the commit before": lambda: diff(before),
        "diff to the first commit": lambda: diff(filled.commits[0]),
    }


def _timed(query: Callable[[], object]) -> tuple[float, float]:
    began, cpu_began = time.perf_counter(), time.process_time()
    query()
    return time.perf_counter() - began, time.process_time() - cpu_began
