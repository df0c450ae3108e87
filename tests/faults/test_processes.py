"""Processes that are killed, stopped, or told to end, in the middle of work: the table is right, and says what happened."""

from __future__ import annotations

import os
import signal
import time

import pytest

from benchmarks.chaos.parts import wait
from farm.states.jobs import JobState
from tests.faults.small_farm import LEASE_S, WITHIN_S, SmallFarm

pytestmark = [pytest.mark.server, pytest.mark.timeout(240)]
NIGHTLY = pytest.mark.nightly
GIVEN_UP = {"lost", "unclaimed"}


def killed(farm_part: object) -> bool:
    process = farm_part.process  # type: ignore[attr-defined]
    return process is not None and process.poll() == -signal.SIGKILL


@pytest.mark.parametrize(
    "point",
    [
        "dispatch.committed",
        pytest.param("dispatch.sent", marks=NIGHTLY),
        pytest.param("merge.written", marks=NIGHTLY),
        "merge.committed",
    ],
)
def test_a_coordinator_may_die_anywhere(farm: SmallFarm, point: str) -> None:
    """Its successor sends again what was not sent, and merges what was not merged; nothing is entered twice."""
    farm.restart_coordinator(FARM_FAILPOINT=point)
    jobs = farm.submit(2)
    wait(lambda: killed(farm.coordinator), WITHIN_S, f"its end at {point}: {farm.said}")
    farm.restart_coordinator()
    farm.wait_for_the_end()
    assert {farm.jobs()[job].state for job in jobs} == {JobState.DONE}


@pytest.mark.parametrize("point", ["host.performed", pytest.param("host.reported", marks=NIGHTLY)])
def test_a_host_may_die_before_and_after_its_report(farm: SmallFarm, point: str) -> None:
    """The process below the worker ends: what it had not reported is run again; what it had is recorded once."""
    farm.restart_host(FARM_FAILPOINT=point)
    jobs, before = farm.submit(1), farm.host.said.count("SIGKILL")
    wait(lambda: farm.host.said.count("SIGKILL") > before, WITHIN_S, f"its end at {point}")
    farm.restart_host()
    farm.wait_for_the_end()
    (job,) = (farm.jobs()[job] for job in jobs)
    lost = [attempt for attempt in job.attempts if attempt.state in GIVEN_UP]
    assert bool(lost) == (point == "host.performed")
    assert [a.unit for a in job.attempts if a.state == "reported"] == ["host-alpha-0"]


def test_a_host_that_loses_its_power_loses_no_job(farm: SmallFarm) -> None:
    jobs = farm.submit(2, "slow")
    farm.wait_until_begun(jobs)
    farm.host.kill_all()
    wait(lambda: any(a.state in GIVEN_UP for j in jobs for a in farm.jobs()[j].attempts), WITHIN_S, "the loss")
    lost = next(j for j in jobs if any(a.state in GIVEN_UP for a in farm.jobs()[j].attempts))
    assert farm.jobs()[lost].state == JobState.QUEUED
    assert "attempt 1" in farm.jobs()[lost].reason
    farm.restart_host()
    farm.wait_for_the_end()


def test_a_frozen_host_comes_back_too_late_and_does_no_harm(farm: SmallFarm) -> None:
    """Its attempt was given up; the report, if it comes, is of an attempt that is known, and is recorded once."""
    jobs = farm.submit(1, "slow")
    farm.wait_until_begun(jobs)
    assert farm.host.process is not None
    os.killpg(farm.host.process.pid, signal.SIGSTOP)
    try:
        time.sleep(LEASE_S)
        wait(lambda: any(a.state in GIVEN_UP for j in jobs for a in farm.jobs()[j].attempts), WITHIN_S, "the loss")
    finally:
        os.killpg(farm.host.process.pid, signal.SIGCONT)
    farm.wait_for_the_end()


def test_an_upgrade_hands_back_the_job_at_hand(farm: SmallFarm) -> None:
    """SIGQUIT, as docker-compose.yml stops hosts: the message is in the queue again, for whoever comes next."""
    jobs = farm.submit(1, "slow")
    farm.wait_until_begun(jobs)
    assert farm.host.process is not None
    farm.host.process.send_signal(signal.SIGQUIT)
    farm.host.process.wait(30)
    farm.restart_host()
    farm.wait_for_the_end()
    assert {farm.jobs()[job].state for job in jobs} == {JobState.DONE}


@pytest.mark.parametrize("hours", [2, pytest.param(-2, marks=NIGHTLY)])
def test_the_clock_of_a_host_counts_for_nothing(farm: SmallFarm, hours: int) -> None:
    farm.restart_host(STANDIN_SKEW_S=str(3600 * hours))
    try:
        jobs = farm.submit(3)
        farm.wait_for_the_end()
        attempts = [attempt for job in jobs for attempt in farm.jobs()[job].attempts]
        assert [attempt.state for attempt in attempts] == ["reported"] * 3
        assert [farm.runs().count(run) for run in farm.runs()[-3:]] == [1, 1, 1]
    finally:
        farm.restart_host()
