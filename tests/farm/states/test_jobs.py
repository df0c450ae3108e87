from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.states.jobs import MAX_INFRA, MAX_LOST, TRANSITIONS, JobState, after_loss, may_move, wants_another_run
from workers.outcome import Group, Outcome

outcomes = st.sampled_from(Outcome)


def test_every_state_says_where_it_may_go() -> None:
    assert set(TRANSITIONS) == set(JobState)


@pytest.mark.parametrize("state", [s for s in JobState if not s.open])
def test_no_job_leaves_its_end(state: JobState) -> None:
    assert not any(may_move(state, target) for target in JobState)


@pytest.mark.parametrize("state", [s for s in JobState if s.open])
def test_every_open_job_can_end(state: JobState) -> None:
    assert may_move(state, JobState.DONE)
    assert may_move(state, JobState.CANCELLED)
    assert not may_move(state, state)


def test_a_job_without_a_report_wants_a_run() -> None:
    assert wants_another_run([])


@pytest.mark.parametrize("outcome", [o for o in Outcome if o.group in (Group.GOOD, Group.SUPPORT, Group.HARNESS)])
def test_what_would_not_change_is_not_repeated(outcome: Outcome) -> None:
    assert not wants_another_run([outcome])


@pytest.mark.parametrize("outcome", [o for o in Outcome if o.group is Group.PRODUCT])
def test_a_product_failure_gets_one_confirming_run(outcome: Outcome) -> None:
    assert wants_another_run([outcome])
    assert not wants_another_run([outcome, outcome])
    assert not wants_another_run([Outcome.PASS, outcome])


def test_infra_is_tried_three_times() -> None:
    assert MAX_INFRA == 3
    assert [wants_another_run([Outcome.INFRA_ERROR] * n) for n in (1, 2, 3)] == [True, True, False]


@given(st.lists(outcomes, max_size=12))
def test_no_job_runs_for_ever(history: list[Outcome]) -> None:
    """From any history, at most three more reports of one kind end the job."""
    for outcome in Outcome:
        assert not wants_another_run([*history, outcome, outcome, outcome])


def test_a_job_that_was_lost_three_times_is_quarantined() -> None:
    assert MAX_LOST == 3
    assert [after_loss(n) for n in (1, 2, 3)] == [JobState.QUEUED, JobState.QUEUED, JobState.QUARANTINED]
