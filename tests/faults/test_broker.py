"""A broker that is killed, with and without what it had, or cut off: it is a wire, and the database sends again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from farm.states.jobs import JobState
from tests.faults.small_farm import SmallFarm, small_farm

pytestmark = [pytest.mark.server, pytest.mark.timeout(240)]


def test_a_broker_that_forgets_everything_costs_time_only(farm: SmallFarm) -> None:
    jobs = farm.submit(3, "slow")
    farm.wait_until_begun(jobs)
    farm.redis.kill()
    farm.redis.start()
    farm.wait_for_the_end()
    assert {farm.jobs()[job].state for job in jobs} == {JobState.DONE}


@pytest.mark.nightly
def test_a_broker_that_keeps_its_messages_gives_them_out_when_it_is_back(tmp_path: Path) -> None:
    """What was in its queues is there again, and what the host had taken comes back with its connection."""
    with small_farm(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as farm:
        jobs = farm.submit(3, "slow")
        farm.wait_until_begun(jobs)
        farm.redis.kill()
        farm.redis.start()
        farm.wait_for_the_end()
        assert {farm.jobs()[job].state for job in jobs} == {JobState.DONE}


@pytest.mark.nightly
def test_a_partition_is_got_over(farm: SmallFarm) -> None:
    """Ten seconds in which no byte comes through and no connection ends; what the host reports afterwards counts once."""
    jobs = farm.submit(3, "slow")
    farm.wait_until_begun(jobs)
    farm.proxy.dark = True
    farm.proxy.go_silent()
    time.sleep(10)
    farm.proxy.dark = False
    farm.wait_for_the_end(120)
    assert {farm.jobs()[job].state for job in jobs} == {JobState.DONE}
