"""How long it takes to send a job when few wait, and when very many do."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.queue.fill import fill, inventory
from benchmarks.standin.attempts import perform
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge_all
from farm.database.engine import Database
from farm.protocol import AttemptMessage
from farm.settings import HostSettings
from farm.wires import Addressed

#: Turns that do not count: what is compiled, planned and cached by then is so for good.
WARM_UP = 5
HOST = HostSettings("store", Path("cache"), "unit-1", 1 << 20)


@dataclass(frozen=True, slots=True)
class Latency:
    """Median milliseconds, of the clock and of this processor, in which a window of two is sent while ``waiting`` jobs wait."""

    database: str
    waiting: int
    dispatch_ms: float
    cpu_ms: float


class Kept:
    """A wire that keeps what is sent."""

    def __init__(self) -> None:
        self.messages: list[AttemptMessage] = []

    def send_all(self, attempts: Sequence[Addressed]) -> None:
        self.messages += (each.message for each in attempts)


def measure(databases: Sequence[tuple[Database, int]], turns: int) -> list[Latency]:
    """One row for each database, with so many jobs in it; by turns, so that a busy moment hits all."""
    known, wire = inventory(), Kept()
    for database, waiting in databases:
        fill(database, known, waiting)
    took: list[list[tuple[float, float]]] = [[] for _ in databases]
    for _ in range(WARM_UP + turns):
        for times, (database, _) in zip(took, databases, strict=True):
            began, cpu_began = time.perf_counter(), time.process_time()
            dispatch(database, known, wire)
            times.append((time.perf_counter() - began, time.process_time() - cpu_began))
            merge_all(database, [(perform(message, HOST), None) for message in wire.messages])
            wire.messages.clear()
    return [
        Latency(
            database.engine.dialect.name,
            waiting,
            *(1000 * statistics.median(column) for column in zip(*times[WARM_UP:], strict=True)),
        )
        for times, (database, waiting) in zip(took, databases, strict=True)
    ]
