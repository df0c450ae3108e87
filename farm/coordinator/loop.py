"""The coordinator's loop: sweep, dispatch, merge; the same for both wires."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from farm.clock import utc_now
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.coordinator.records import record_event
from farm.coordinator.sweep import sweep
from farm.database.engine import Database
from farm.errors import FarmError, InfrastructureError
from farm.inventory import Inventory
from farm.protocol import Message
from farm.wires import Wire

log = logging.getLogger("farm.coordinator")
SWEEP_EVERY_S = 5.0
RECEIVE_S = 0.2
MOST_AT_ONCE = 256
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
            self._merge(delivery.message, delivery.signer)
            delivery.acknowledge()
            moved += 1
            # However many there are: leases run, and devices wait for work.
            delivery = self._wire.receive(0.001) if moved < MOST_AT_ONCE else None
        return bool(moved)

    def _merge(self, message: Message, signer: str | None) -> None:
        """Merge one message, or drop it: one that cannot be merged must not come again and again, before all others."""
        try:
            fate: str = merge(self._database, message, signer=signer)
        except FarmError:
            raise
        except Exception:
            log.exception("attempt %s: its message cannot be merged", message.attempt)
            fate = "dropped"
            with self._database.write() as session:
                record_event(session, "message dropped", message.attempt, utc_now())
        log.info("attempt %s: message %s", message.attempt, fate)

    def run(self, until: Callable[[], bool]) -> None:
        """Step until ``until`` says so; a database or broker that is away is waited for."""
        while not until():
            try:
                self.step()
            except InfrastructureError as error:
                log.warning("%s; trying again", error)
                time.sleep(BACK_OFF_S)
