"""The two bundles before and after: what is read of them, what is asked for, and what follows."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from farm.database.engine import Database
from farm.database.models import Bundle, Device, Job, Stack
from tests.farm.regressions.story import FAILS, PASSES, Story, one_device
from workers.outcome import Cause

TWICE = ((FAILS, "unit-1"), (FAILS, "unit-1"))
ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def story(database: Database) -> Story:
    """a passed on an old stack, b fails on a new one; b has another bundle."""
    made = Story(database)
    made.commit("a", version="1")
    made.judge(PASSES, stack="old")
    made.commit("b", "a", version="2")
    made.tell(*TWICE, stack="new")
    return made


def asked(story: Story) -> list[tuple[str, str | None]]:
    """Bundle, by the commit that has it, and unit of the jobs that were queued for a cause."""
    with story.database.read() as session:
        query = select(Job.bundle, Device.unit).outerjoin(Device, Job.addressed_id == Device.id)
        names = {b: n for n, b in zip("ab", _bundles(story), strict=True)}
        return [(names[b], unit) for b, unit in session.execute(query.where(Job.addressed_id.is_not(None)))]


def _bundles(story: Story) -> tuple[str | None, str | None]:
    row = story.rows()[0]
    return row.evidence["places"][0]["bundle"], row.evidence["places"][-1]["bundle"]


def results(story: Story) -> list[str]:
    return [place["result"] for place in story.rows()[0].evidence["places"]]


def test_what_is_not_known_is_asked_for_once(story: Story) -> None:
    (row,) = story.rows()
    assert (row.cause, row.evidence["axis"], row.asked is not None) == (Cause.UNKNOWN, "stack", True)
    assert results(story) == ["passes", "unknown", "unknown", "fails"]
    assert asked(story) == [("a", "unit-1")]  # nobody has the old stack any more


@ONE_DATABASE
def test_the_old_bundle_passes_on_the_new_stack(story: Story) -> None:
    assert story.judge(PASSES, stack="new") == 1
    (row,) = story.rows()
    assert (row.last_good, row.first_bad, row.cause) == ("a", "b", Cause.MODEL_CODE)
    assert row.good_stack == row.bad_stack
    attempts = [place["attempt"] for place in row.evidence["places"]]
    assert results(story) == ["passes", "passes", "unknown", "fails"]
    assert (attempts[1], attempts[2], attempts[3]) == (row.good_attempt, None, row.bad_attempt)


def test_the_old_bundle_fails_on_the_new_stack_too(story: Story) -> None:
    assert story.judge(FAILS, stack="new") == 2
    (row,) = story.rows()
    assert (row.last_good, row.first_bad, row.cause) == ("a", "a", Cause.DEVICE_STACK)
    assert row.reason == "the old bundle fails on the new stack too"
    assert results(story) == ["passes", "fails", "unknown", "fails"]
    assert len(asked(story)) == 1
    story.commit("c", "b", version="1")
    assert len(story.rows()) == 1  # it goes on with it: what was reverted was not it
    story.commit("d", "c", version="4")
    story.judge(PASSES, stack="mended")
    assert story.told() == [("a", "a", "d")]


@ONE_DATABASE
def test_both_are_asked_for_where_both_stacks_are_there(database: Database) -> None:
    story = Story(database, one_device(units=2))
    story.commit("a", version="1")
    story.judge(PASSES, stack="old", unit="unit-1")
    story.commit("b", "a", version="2")
    story.tell((FAILS, "unit-2"), (FAILS, "unit-2"), stack="new")
    assert asked(story) == [("a", "unit-2"), ("b", "unit-1")]
    story.tell((PASSES, "unit-2"), stack="new")
    assert story.rows()[0].cause == Cause.MODEL_CODE
    story.tell((PASSES, "unit-1"), stack="old")
    (row,) = story.rows()
    assert (row.last_good, row.first_bad, row.cause) == ("a", "b", Cause.DEVICE_STACK)
    assert row.reason == "the new bundle passes on the old stack; the old one does not show it"
    assert results(story) == ["passes", "passes", "passes", "fails"]


@ONE_DATABASE
def test_a_newer_commit_of_the_branch_does_not_take_the_question_away(story: Story) -> None:
    story.commit("c", "b", version="3")
    story.tell((PASSES, "unit-1"), (PASSES, "unit-1"), stack="new")
    assert (results(story)[1], story.rows()[0].cause, story.rows()[0].fixed) == ("passes", Cause.MODEL_CODE, "c")


@ONE_DATABASE
def test_what_the_store_has_no_more_is_not_asked_for(database: Database) -> None:
    story = Story(database)
    story.commit("a", version="1")
    story.judge(PASSES, stack="old")
    with database.write() as session:
        for bundle in session.scalars(select(Bundle)):
            bundle.collected = story.now
    story.commit("b", "a", version="2")
    story.tell(*TWICE, stack="new")
    assert (asked(story), results(story)) == ([], ["passes", "unknown", "unknown", "fails"])


@ONE_DATABASE
def test_a_unit_that_stands_alone_is_told_from_the_product(database: Database) -> None:
    story = Story(database, one_device(units=2))
    story.commit("a", version="1")
    story.judge(PASSES, unit="unit-2")
    story.commit("b", "a", version="2")
    story.tell(*TWICE)
    (row,) = story.rows()
    assert (row.evidence["axis"], row.cause) == ("unit", Cause.UNKNOWN)
    assert asked(story) == [("a", "unit-1"), ("b", "unit-2")]
    story.tell((PASSES, "unit-1"))
    assert (results(story), story.rows()[0].cause) == (["passes", "passes", "unknown", "fails"], Cause.MODEL_CODE)
    story.tell((FAILS, "unit-2"))
    assert story.told() == [("a", "b", "open")]
    assert story.rows()[0].reason == "the code of the architecture changed; the device is as it was"  # two units fail


@ONE_DATABASE
def test_where_another_unit_passes_it_is_withdrawn(database: Database) -> None:
    story = Story(database, one_device(units=2))
    story.commit("a", version="1")
    story.judge(PASSES, unit="unit-2")
    story.commit("b", "a", version="2")
    story.tell(*TWICE)
    story.judge(PASSES, unit="unit-2")
    assert story.told() == []
    assert story.rows()[0].reason == "what failed passes now"


@ONE_DATABASE
def test_stacks_are_in_the_order_in_which_they_were_first_heard_of(story: Story) -> None:
    with story.database.read() as session:
        stacks = session.scalars(select(Stack).order_by(Stack.recorded)).all()
    assert [stack.fingerprint for stack in stacks] == [{"runtime": "old"}, {"runtime": "new"}]
