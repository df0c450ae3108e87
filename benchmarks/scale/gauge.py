"""What the coordinator costs, by its parts: seconds of the clock and of this processor, and what it asks of the database."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, event

from farm.coordinator import loop
from farm.database.engine import Database

#: What a coordinator's round is made of, by the names under which the loop calls it. ``merge_all`` also fills the room that
#: becomes free; ``dispatch`` is the look for what waits where nothing came.
PARTS = ("merge_all", "hear_unit", "attend", "dispatch", "sweep", "sweep_checks", "expire", "learn_anew")
#: All else that it does: taking messages, sending, its own row.
REST = "rest"
#: Not the coordinator's, but in the same turn on the database: what a converter enters of a bundle.
ENTER = "enter a bundle"
_WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(slots=True)
class Cost:
    """What one part took, in all; ``rows`` counts the rows of statements that write."""

    calls: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    statements: int = 0
    rows: int = 0
    transactions: int = 0


@dataclass(slots=True)
class Gauge:
    """Counts what is done on a database while it is on, for the part that is at work; ``with gauge.of_parts()``."""

    database: Database
    costs: dict[str, Cost] = field(default_factory=lambda: {name: Cost() for name in (*PARTS, REST, ENTER)})
    _part: str | None = None

    @contextmanager
    def of_parts(self) -> Iterator[None]:
        """Watch the parts of every coordinator in this process, and the database."""
        engine, real = self.database.engine, {name: getattr(loop, name) for name in PARTS}
        listeners: tuple[tuple[str, Callable[..., None]], ...] = (
            ("before_cursor_execute", self._statement),
            ("commit", self._commit),
        )
        try:
            for name, listener in listeners:
                event.listen(engine, name, listener)
            for name, part in real.items():
                setattr(loop, name, self._watched(name, part))
            yield
        finally:
            for name, part in real.items():
                setattr(loop, name, part)
            for name, listener in listeners:
                event.remove(engine, name, listener)

    @contextmanager
    def counting(self, part: str) -> Iterator[None]:
        """Put what happens meanwhile down to ``part``."""
        self.costs[part].calls += 1
        with self._put_down_to(part):
            yield

    @contextmanager
    def not_counted(self) -> Iterator[None]:
        """What happens meanwhile is somebody else's."""
        with self._put_down_to(None):
            yield

    @contextmanager
    def _put_down_to(self, part: str | None) -> Iterator[None]:
        # The clock stops for whoever was at work, so that each second is put down once.
        before, self._part = self._part, part
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            took = time.perf_counter() - wall, time.process_time() - cpu
            for name, sign in ((part, 1), (before, -1)):
                if name is not None:
                    self.costs[name].wall_s += sign * took[0]
                    self.costs[name].cpu_s += sign * took[1]
            self._part = before

    def _watched(self, name: str, part: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(part)
        def watched(*args: Any, **named: Any) -> Any:
            self.costs[name].calls += 1
            with self._put_down_to(name):
                return part(*args, **named)

        return watched

    def _statement(
        self, connection: Connection, _cursor: object, statement: str, parameters: Any, _context: object, many: bool
    ) -> None:
        if self._part is None:
            return
        cost = self.costs[self._part]
        cost.statements += 1
        if statement.lstrip().startswith(_WRITES):
            cost.rows += len(parameters) if many else 1
            connection.info["wrote"] = True

    def _commit(self, connection: Connection) -> None:
        if connection.info.pop("wrote", False) and self._part is not None:
            self.costs[self._part].transactions += 1

    @property
    def total(self) -> Cost:
        """Of all parts of the coordinator."""
        own = [cost for name, cost in self.costs.items() if name != ENTER]
        return Cost(**{name: sum(getattr(cost, name) for cost in own) for name in Cost.__slots__})
