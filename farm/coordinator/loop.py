"""The coordinator's loop: sweep, dispatch, merge; the same for both wires."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import func, select

from farm.coordinator.dispatch import dispatch, sweep
from farm.coordinator.merge import merge
from farm.coordinator.states import JobState
from farm.database.engine import Database
from farm.database.models import Job
from farm.errors import InfrastructureError
from farm.inventory import Inventory
from farm.wires import Wire

log = logging.getLogger("farm.coordinator")
SWEEP_EVERY_S = 5.0
RECEIVE_S = 0.2
BACK_OFF_S = 2.0


class Coordinator:
    """Moves jobs until it is told to stop. Two coordinators on one database do no harm: every move is guarded."""

    def __init__(self, database: Database, inventory: Inventory, wire: Wire) -> None:
        self._database, self._inventory, self._wire = database, inventory, wire
        self._next_sweep = 0.0

    def step(self, wait_s: float = RECEIVE_S) -> bool:
        """One round; ``True`` where anything moved. Raises :class:`~farm.errors.InfrastructureError`."""
        moved = 0
        if time.monotonic() >= self._next_sweep:
            moved += sweep(self._database)
            self._next_sweep = time.monotonic() + SWEEP_EVERY_S
        moved += dispatch(self._database, self._inventory, self._wire)
        delivery = self._wire.receive(wait_s)
        while delivery is not None:
            fate = merge(self._database, delivery.message)
            delivery.acknowledge()
            log.info("message %s", fate, extra={"attempt": delivery.message.attempt})
            moved += 1
            delivery = self._wire.receive(0.001)
        return bool(moved)

    def run(self, until: Callable[[], bool]) -> None:
        """Step until ``until`` says so; a database or broker that is away is waited for."""
        while not until():
            try:
                self.step()
            except InfrastructureError as error:
                log.warning("%s; trying again", error)
                time.sleep(BACK_OFF_S)


def open_jobs(database: Database, submission: str | None = None) -> int:
    """Number of jobs that are not at their end, of one submission or of all."""
    query = select(func.count()).select_from(Job).where(Job.state.in_([s for s in JobState if s.open]))
    if submission is not None:
        query = query.where(Job.submission_id == submission)
    with database.read() as session:
        return session.scalar(query) or 0


def now() -> datetime:
    """The coordinator's clock: the only one that leases are timed by."""
    return datetime.now(UTC)
