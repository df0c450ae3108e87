"""The health of units: what holds after any course of events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.states.health import PROBATION, Change, Condition, Health, after

CHANGES = st.sampled_from(Change)
COURSES = st.lists(CHANGES, max_size=30)
CONDITIONS = st.builds(Condition, st.sampled_from(Health), st.integers(0, PROBATION))


def course(changes: list[Change], condition: Condition | None = None) -> list[Condition]:
    """The conditions from the first to the last."""
    conditions = [condition or Condition()]
    for change in changes:
        conditions.append(after(conditions[-1], change))
    return conditions


@given(COURSES)
def test_only_a_passed_check_lets_a_unit_work(changes: list[Change]) -> None:
    conditions = course(changes)
    for before, change, now in zip(conditions, changes, conditions[1:], strict=False):
        if now.health.works and not before.health.works:
            assert change is Change.CHECK_PASSED


@given(COURSES)
def test_a_keepers_word_holds_until_a_keeper_takes_it_back(changes: list[Change]) -> None:
    """Neither a check nor anything that happens on it brings a unit out of maintenance, or out of retirement."""
    conditions = course(changes)
    for before, change, now in zip(conditions, changes, conditions[1:], strict=False):
        if before.health is Health.MAINTENANCE and now.health is not Health.MAINTENANCE:
            assert change in (Change.RESUMED, Change.RETIRED)
        if before.health is Health.RETIRED and now.health is not Health.RETIRED:
            assert change is Change.RESUMED


@given(COURSES)
def test_nothing_outside_of_a_unit_makes_it_bad(changes: list[Change]) -> None:
    conditions = course(changes)
    for before, change, now in zip(conditions, changes, conditions[1:], strict=False):
        if now.health is Health.BAD and before.health is not Health.BAD:
            assert change is Change.CHECK_FAILED or (change is Change.SUSPECTED and before.probation > 0)


@given(CONDITIONS)
def test_every_unit_can_come_back(condition: Condition) -> None:
    assert course([Change.RESUMED, Change.CHECK_PASSED], condition)[-1].health is Health.GOOD


@given(CONDITIONS)
def test_after_trouble_no_unit_works(condition: Condition) -> None:
    for change in set(Change) - {Change.CHECK_PASSED, Change.SOUND, Change.RESUMED}:
        assert not after(condition, change).health.works


@given(CONDITIONS, CHANGES)
def test_the_same_again_changes_nothing(condition: Condition, change: Change) -> None:
    """But for suspicion, of which a second one is another matter, and sound work, which is counted."""
    if change not in (Change.SUSPECTED, Change.SOUND):
        once = after(condition, change)
        assert after(once, change) == once


def test_a_second_suspicion_on_probation_is_one_too_many() -> None:
    suspected = course([Change.CHECK_PASSED, Change.SUSPECTED, Change.CHECK_PASSED])[-1]
    assert suspected == Condition(Health.GOOD, PROBATION)
    assert after(suspected, Change.SUSPECTED).health is Health.BAD
    proven = course([Change.SOUND] * PROBATION, suspected)[-1]
    assert proven == Condition(Health.GOOD, 0)
    assert after(proven, Change.SUSPECTED) == Condition(Health.UNKNOWN, PROBATION)


@pytest.mark.parametrize("change", [Change.TROUBLED, Change.CHECK_UNCLEAR])
def test_an_error_of_the_infrastructure_calls_for_a_check(change: Change) -> None:
    assert after(Condition(Health.GOOD, 3), change) == Condition(Health.UNKNOWN, 3)
