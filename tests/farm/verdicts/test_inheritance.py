"""The rule itself: over all verdicts, ages, stacks and wishes, when a verdict counts and when a job is needed."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.states.verdict import FAILURES, Verdict
from farm.verdicts.inheritance import Reprove, Standing, current, inherited, stale
from tests.farm.rows import START

DAY = timedelta(days=1)
FAILURES_FOR = 14 * DAY
NEW, OLD, GONE = "new", "old", "gone"
PRESENT = (NEW, OLD)
KNOWN = [verdict for verdict in Verdict if verdict is not Verdict.MISSING]
TELLING = [verdict for verdict in KNOWN if verdict is not Verdict.NO_VERDICT]

standings = st.lists(
    st.builds(
        Standing,
        st.sampled_from(KNOWN),
        st.sampled_from((NEW, OLD, GONE)),
        st.integers(0, 40).map(lambda days: START + days * DAY),
    ),
    max_size=3,
    unique_by=lambda standing: standing.stack,
)
presents = st.lists(st.sampled_from((NEW, OLD)), unique=True, max_size=2).map(tuple)
ages = st.integers(0, 100).map(lambda days: START + days * DAY)
limits = st.integers(0, 60).map(lambda days: days * DAY)


@pytest.mark.parametrize(
    ("verdict", "age", "stack", "reprove"), list(product(KNOWN, (0, 13, 14, 400), (NEW, OLD, GONE), Reprove))
)
def test_one_verdict_of_every_kind_age_and_stack(verdict: Verdict, age: int, stack: str, reprove: Reprove) -> None:
    """Written out once more: the table of the documentation."""
    standing = Standing(verdict, stack, START)
    found = inherited([standing], PRESENT, now=START + age * DAY, failures_for=FAILURES_FOR, reprove=reprove)
    counts = {
        Verdict.SUPPORTED: reprove is not Reprove.ALL,
        Verdict.UNSUPPORTED: reprove is not Reprove.ALL,
        Verdict.NO_VERDICT: False,
    }.get(verdict, age < 14 and reprove is Reprove.NOTHING)
    assert found == (standing if counts and stack != GONE else None)


@given(standings, presents, ages, limits, st.sampled_from(Reprove))
def test_what_is_inherited_holds_now(known, present, now, limit, reprove) -> None:
    found = inherited(known, present, now=now, failures_for=limit, reprove=reprove)
    if found is None:
        return
    assert found in known
    assert found.stack in present
    assert found.verdict in TELLING
    assert reprove is not Reprove.ALL
    if found.verdict in FAILURES:
        assert now < found.proved + limit
        assert reprove is Reprove.NOTHING


@given(standings, presents, ages, limits)
def test_whoever_asks_for_more_never_gets_less_run(known, present, now, limit) -> None:
    some, failures, everything = (
        inherited(known, present, now=now, failures_for=limit, reprove=reprove) for reprove in Reprove
    )
    assert everything is None
    assert failures is None or failures == some


@given(standings, presents, ages, limits, st.integers(0, 50))
def test_a_failure_once_due_stays_due_and_all_else_does_not_age(known, present, now, limit, days) -> None:
    early = inherited(known, present, now=now, failures_for=limit)
    late = inherited(known, present, now=now + days * DAY, failures_for=limit)
    assert late in (early, None)
    if early is not None and early.verdict not in FAILURES:
        assert late == early


@given(standings, presents, ages, limits)
def test_a_stack_that_goes_and_comes_back_changes_nothing(known, present, now, limit) -> None:
    before = inherited(known, present, now=now, failures_for=limit)
    assert inherited(known, (), now=now, failures_for=limit) is None
    assert inherited(known, present, now=now, failures_for=limit) == before


@given(standings, presents)
def test_nothing_current_is_older_than_its_stack(known, present) -> None:
    found = current(known, present)
    if found is None:
        assert not [standing for standing in known if standing.tells and standing.stack in present]
    elif found.tells:
        newer = present[: present.index(found.stack)]
        assert not [standing for standing in known if standing.tells and standing.stack in newer]
    else:
        assert found.proved == max(standing.proved for standing in known)


def test_the_newest_of_the_present_stacks_speaks() -> None:
    good, bad = Standing(Verdict.SUPPORTED, OLD, START + DAY), Standing(Verdict.FAILED, NEW, START)
    assert current([good, bad], (NEW, OLD)) == bad
    assert current([good, bad], (OLD, NEW)) == good


def test_a_vain_attempt_hides_what_was_known_of_a_stack_that_is_gone_but_not_what_came_after_it() -> None:
    vain = Standing(Verdict.NO_VERDICT, "unknown", START + DAY)
    assert current([vain, Standing(Verdict.SUPPORTED, GONE, START)], (NEW,)) == vain
    assert current([vain, Standing(Verdict.SUPPORTED, GONE, START + 2 * DAY)], (NEW,)) is None
    assert current([vain, Standing(Verdict.SUPPORTED, NEW, START)], (NEW,)) == Standing(Verdict.SUPPORTED, NEW, START)


@given(standings, presents)
def test_what_is_stale_says_something_of_the_product(known, present) -> None:
    found = stale(known, present)
    telling = [standing for standing in known if standing.tells]
    assert (found is None) == (not telling)
    if found is not None and found.stack not in present:
        assert found.proved == max(standing.proved for standing in telling)
