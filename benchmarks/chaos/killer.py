"""Who is killed when: drawn from a seed, every 1 to 2.5 s, and started again a little later."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from benchmarks.chaos.parts import Part
from farm.clock import utc_now
from tests.farm.real_hosts import Proxy

#: A *worker* is killed alone, and what it had begun is an orphan; a *host* goes with all its processes.
KINDS = ("host", "worker", "child", "coordinator", "redis")
PARTITION = "partition"
#: Seconds between two kills, until a part is started again, and that a partition lasts.
PAUSE, REPAIR, DARK = (1.0, 2.5), (0.2, 1.0), (2.0, 6.0)


@dataclass(frozen=True, slots=True)
class Kill:
    """One that happened; ``victim`` is the part's name."""

    kind: str
    victim: str
    at: datetime


class Killer:
    """Kills parts and starts them again; ``now`` is any clock in seconds."""

    def __init__(self, seed: int, parts: Sequence[Part], proxy: Proxy | None, now: float) -> None:
        self._random = random.Random(seed)
        self._parts = {
            "host": [p for p in parts if p.name.startswith("host")],
            "coordinator": [p for p in parts if p.name.startswith("coordinator")],
            "redis": [p for p in parts if p.name == "redis"],
        }
        self._proxy = proxy
        self._kinds = (*KINDS, PARTITION) if proxy else KINDS
        self._next = now + self._random.uniform(*PAUSE)
        self._repairs: list[tuple[float, Part]] = []
        self._light_at: float | None = None
        self.kills: list[Kill] = []

    def act(self, now: float) -> None:
        """Kill what is due, and start what is."""
        self.repair(now)
        if now >= self._next:
            self._kill(self._random.choice(self._kinds), now)
            self._next = now + self._random.uniform(*PAUSE)

    def repair(self, now: float) -> None:
        """Start what is due, and whatever ended by itself: that is what a supervisor does."""
        if self._proxy and self._light_at is not None and now >= self._light_at:
            self._proxy.dark, self._light_at = False, None
        for due, part in list(self._repairs):
            if now >= due:
                self._repairs.remove((due, part))
                part.start()
        waiting = [part for _, part in self._repairs]
        for part in (p for group in self._parts.values() for p in group):
            if not part.lives and part not in waiting:
                self._repairs.append((now + self._random.uniform(*REPAIR), part))

    def end(self) -> None:
        """Kill no more: start everything, and let everything through."""
        self.repair(float("inf"))
        self.repair(float("inf"))

    def _kill(self, kind: str, now: float) -> None:
        if kind == PARTITION:
            assert self._proxy is not None
            self._proxy.dark = True
            self._proxy.go_silent()
            self._light_at = now + self._random.uniform(*DARK)
            self.kills.append(Kill(kind, "network", utc_now()))
            return
        part = self._random.choice(self._parts["host" if kind in ("worker", "child") else kind])
        if not part.lives:
            return  # it is being started
        if kind == "child":
            if not part.kill_child():
                return
        elif kind == "host":
            part.kill_all()
        else:
            part.kill()
        self.kills.append(Kill(kind, part.name, utc_now()))
