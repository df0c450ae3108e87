from __future__ import annotations

from typing import Any

import pytest

from farm.celery import HARD_LIMIT_S, TRANSPORT_OPTIONS
from farm.errors import InventoryError
from farm.host.attempt import OVERHEAD_S as OF_A_HOST
from farm.inventory import Inventory, Limits
from farm.units.leases import LEASE_MARGIN_S, OVERHEAD_S, lease_margin_s, lease_s
from tests.farm.databases import INVENTORY
from workers.artifacts.access import CLIENT, RETRIES
from workers.artifacts.download import FETCH_S
from workers.processes.checkup import CANARY_S

LONGEST_S = 86_400.0


def inventory(**queue: Any) -> Inventory:
    return Inventory.model_validate({**INVENTORY, "queue": queue})


@pytest.mark.parametrize("limit_s", [0.1, 60.0, LONGEST_S])
@pytest.mark.parametrize("waiting", [0, 1, 63])
def test_a_lease_outlasts_the_slowest_host_that_keeps_its_limits(limit_s: float, waiting: int) -> None:
    """And all that waits before it on the wire: each of them may fetch, hang, and run its canary."""
    assert lease_s(limit_s, waiting=waiting) > (waiting + 1) * (limit_s + OVERHEAD_S)


def test_what_a_host_may_need_is_the_sum_of_its_own_limits() -> None:
    stall_s = RETRIES["retry_timeout"].total_seconds() + float(CLIENT["read_timeout"].removesuffix("s"))
    assert FETCH_S + stall_s + CANARY_S < OF_A_HOST == OVERHEAD_S


def test_the_longest_attempt_is_ended_by_its_own_limit_before_the_backstops() -> None:
    Limits(time_s=LONGEST_S)
    with pytest.raises(ValueError, match="86400"):
        Limits(time_s=LONGEST_S + 1)
    assert LONGEST_S + OVERHEAD_S < HARD_LIMIT_S < TRANSPORT_OPTIONS["visibility_timeout"]


def test_the_margin_may_be_chosen_but_not_too_short() -> None:
    assert lease_margin_s(inventory()) == LEASE_MARGIN_S
    assert lease_margin_s(inventory(lease_margin_s=1000)) == 1000
    with pytest.raises(InventoryError, match=r"queue\.lease_margin_s: 120 s is too short: .* may need 220 s") as caught:
        lease_margin_s(inventory(lease_margin_s=120))
    assert "\n" not in str(caught.value)
