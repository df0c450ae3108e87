"""A clock that stands still until somebody moves it, and what is to happen at which time."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

from farm.clock import Clock


class SimulatedClock(Clock):
    """Seconds since ``start``; what is planned happens as the clock is moved past it, in order."""

    def __init__(self, start: datetime) -> None:
        self.start, self.seconds = start, 0.0
        self._planned: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Plan something."""
        heapq.heappush(self._planned, (self.seconds + seconds, next(self._numbers), act))

    def advance(self, until: float, stop: Callable[[], bool]) -> None:
        """Move to ``until``, or to the first moment after something planned at which ``stop`` holds."""
        while not stop():
            if not self._planned or self._planned[0][0] > until:
                self.seconds = max(self.seconds, until)
                return
            self.seconds, _, act = heapq.heappop(self._planned)
            act()
