"""The coordinator's own loop with short leases: ``python -m benchmarks.chaos.coordinator DATABASE BROKER LEASE_S WINDOW``.

A lease lasts minutes, which is how long a loss goes unnoticed; a run of seconds would be over before. Nothing else differs.
"""

from __future__ import annotations

import logging
import sys

from benchmarks.chaos.parts import inventory
from farm.cli.coordinator import log_to_stderr, stop_on_signals
from farm.coordinator import checkups, dispatch, loop, merge
from farm.coordinator.loop import Coordinator
from farm.database.engine import Database
from farm.units import presence
from farm.wires import celery as wire_module
from farm.wires.celery import CeleryWire


def main(database_url: str, broker_url: str, lease_s: str, window: str) -> None:
    short = float(lease_s)

    def shortened(_limit_s: float, _margin_s: float = 0.0, *, waiting: int) -> float:
        return short * (waiting + 1)

    for module in (checkups, dispatch, merge, presence):
        module.lease_s = shortened  # type: ignore[attr-defined]
    loop.SWEEP_EVERY_S, loop.BACK_OFF_S = 0.5, 0.5
    wire_module.RESULT_OPTIONS["visibility_timeout"] = short
    stop = stop_on_signals()
    log_to_stderr()
    database = Database(database_url)
    with CeleryWire(broker_url) as wire:
        logging.getLogger("farm.coordinator").info("coordinator is up")
        Coordinator(database, inventory(int(window)), wire).run(stop.is_set)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
