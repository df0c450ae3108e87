"""How long an attempt may stay away before it is given up.

A lease must outlast the slowest host that keeps all its limits: else it would be given up while it works, and be run twice.
"""

from __future__ import annotations

from farm.errors import InventoryError
from farm.inventory import Inventory

#: What :data:`farm.host.attempt.OVERHEAD_S` adds up to; a test holds the one to the other. Not imported, since it takes the
#: host's libraries, which whoever only asks why a job waits need not wait for.
OVERHEAD_S = 220.0
#: Beside what a host may need: the broker's way there and back, Celery's handing over, a coordinator that is busy merging.
TRANSIT_S = 30.0
LEASE_MARGIN_S = OVERHEAD_S + TRANSIT_S


def lease_s(limit_s: float, margin_s: float = LEASE_MARGIN_S, *, waiting: int) -> float:
    """Seconds that a lease lasts: the limits of its own attempt and of the ``waiting`` before it, with the margin of each."""
    return (limit_s + margin_s) * (waiting + 1)


def lease_margin_s(inventory: Inventory) -> float:
    """The margin of leases above the time limit of an attempt.

    Raises:
        InventoryError: it is shorter than what a host may need, so that attempts would be given up which are still at work.
    """
    chosen = inventory.queue.lease_margin_s
    if chosen is not None and chosen <= OVERHEAD_S:
        raise InventoryError(
            f"inventory.yaml: queue.lease_margin_s: {chosen:g} s is too short: a host that keeps all its limits may need "
            f"{OVERHEAD_S:g} s on top of an attempt's own; take more, or leave it out ({LEASE_MARGIN_S:g} s)"
        )
    return LEASE_MARGIN_S if chosen is None else chosen
