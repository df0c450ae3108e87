"""Regressions that open and close with what the coordinator merges, on a database of each kind."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.database.engine import Database
from farm.database.models import Event, Job, Regression
from farm.regressions.follow import recompute
from tests.farm.regressions.story import FAILS, PASSES, Story, one_device
from tests.farm.rows import FakeWire, report, submit
from tests.farm.statements import counted
from workers.outcome import Cause, Outcome

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def story(database: Database) -> Story:
    return Story(database)


def test_a_failure_after_a_pass_opens_one_and_the_next_pass_closes_it(story: Story) -> None:
    story.past(("a", "1", PASSES), ("b", "2", FAILS))
    (row,) = story.rows()
    assert (row.last_good, row.first_bad, row.open_on) == ("a", "b", ["main"])
    assert (row.architecture.key, row.device_type.name, row.policy) == ("network:net", "numpy", "fp32/1")
    assert (row.outcome, row.cause) == ("MISMATCH", Cause.MODEL_CODE)
    assert row.signature_text == "MISMATCH | unknown | conv2d(float32[#, #, #, #])"
    assert (row.opened, row.closed, row.fixed, row.definition) == (story.now, None, None, None)
    story.commit("c", "b", version="3")
    story.judge(PASSES)
    assert story.told() == [("a", "b", "c")]
    assert story.rows()[0].closed == story.now


@ONE_DATABASE
def test_it_opens_with_the_confirming_run_and_not_before(story: Story) -> None:
    story.past(("a", "1", PASSES))
    story.commit("b", "a", version="2")
    story.tell((FAILS, "unit-1"))
    assert story.told() == []
    story.tell((FAILS, "unit-1"))
    assert story.told() == [("a", "b", "open")]


@pytest.mark.parametrize(
    ("outcomes", "opens"),
    [
        (((FAILS, "unit-1"), (PASSES, "unit-1")), False),
        (((FAILS, "unit-1"), (PASSES, "unit-2")), False),
        (((FAILS, "unit-1"), (FAILS, "unit-2")), True),
        (((Outcome.UNSUPPORTED_OP, "unit-1"),), False),
        (((Outcome.VACUOUS, "unit-1"),), False),
        (((Outcome.INFRA_ERROR, "unit-1"),) * 3, False),
        (((Outcome.INFRA_ERROR, "unit-1"), (FAILS, "unit-1"), (FAILS, "unit-1")), True),
    ],
    ids=["flaky", "a unit of its own", "two units", "unsupported", "vacuous", "infra", "infra first"],
)
@ONE_DATABASE
def test_what_opens_one(story: Story, outcomes: tuple[tuple[Outcome, str], ...], opens: bool) -> None:
    story.past(("a", "1", PASSES))
    story.commit("b", "a", version="2")
    story.tell(*outcomes)
    assert story.told() == ([("a", "b", "open")] if opens else [])


@ONE_DATABASE
def test_what_a_sibling_passes_later_withdraws_it(story: Story) -> None:
    story.past(("a", "1", PASSES), ("b", "2", FAILS))
    with story.database.write() as session:
        job = session.scalars(select(Job).order_by(Job.id.desc())).first()
        assert job is not None
        again = Job(
            **{c: getattr(job, c) for c in ("submission_id", "bundle", "architecture_id", "device_type_id", "policy")},
            state="queued",
            priority=0,
            created=story.now,
            since=story.now,
        )
        session.add(again)
    story.tell((PASSES, "unit-2"))
    (row,) = story.rows()
    assert (row.withdrawn, row.closed, row.open_on) == (story.now, story.now, [])
    assert row.reason == "what failed passes now"


@pytest.mark.parametrize("order", ["abcd", "dcba", "bdac", "cadb"])
@ONE_DATABASE
def test_the_order_of_the_results_does_not_matter(story: Story, order: str) -> None:
    """a passes, b and c fail twice, d passes; each of them is another bundle."""
    outcomes = {"a": PASSES, "b": FAILS, "c": FAILS, "d": PASSES}
    inventory = one_device(units=4)
    for name, before in zip("abcd", ((), ("a",), ("b",), ("c",)), strict=True):
        story.commit(name, *before, version=name, branch=None)
    wire = FakeWire()
    assert dispatch(story.database, inventory, wire, story.now) == 4
    with story.database.read() as session:
        commits = {job.bundle: job.submission.commit for job in session.scalars(select(Job))}
    first = {commits[message.bundle]: message for message in wire.sent}
    for name in order:
        merge(story.database, report(first[name], outcomes[name]), story.now)
    assert story.told() == []
    assert dispatch(story.database, inventory, wire, story.now) == 2
    second = {commits[message.bundle]: message for message in wire.sent[4:]}
    for name in order:
        if name in second:
            merge(story.database, report(second[name], FAILS), story.now)
    assert story.told() == [("a", "b", "d")]


@ONE_DATABASE
def test_a_doubled_report_opens_nothing_more(story: Story) -> None:
    story.past(("a", "1", PASSES), ("b", "2", FAILS))
    with story.database.read() as session:
        before = session.scalar(select(func.count()).select_from(Event))
    with story.database.write() as session:
        assert recompute(session, story.now) == []
    with story.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == before
        assert session.scalar(select(func.count()).select_from(Regression)) == 1


def test_results_in_between_narrow_it_and_it_keeps_its_number(story: Story) -> None:
    story.past(("a", "1", PASSES))
    with story.database.write() as session:
        from farm.regressions.lineage import record_lineage

        record_lineage(session, {"b": ("a",), "c": ("b",), "d": ("c",)})
    story.commit("e", "d", version="5")
    story.judge(FAILS)
    assert story.told() == [("a", "e", "open")]
    story.commit("b", "a", version="2", branch=None)
    story.judge(PASSES)
    assert story.told() == [("b", "e", "open")]
    story.commit("d", "c", version="4", branch=None)
    story.judge(FAILS)
    assert story.told() == [("b", "d", "open")]
    story.commit("c", "b", version="4", branch=None)  # it fails as d does, and nobody needs to run it
    assert story.told() == [("b", "c", "open")]
    assert len(story.rows()) == 1


@ONE_DATABASE
def test_a_revert_closes_it_and_its_revert_opens_another_without_any_run(story: Story) -> None:
    story.past(("a", "1", PASSES), ("b", "2", FAILS))
    story.commit("revert", "b", version="1")
    assert story.told() == [("a", "b", "revert")]
    story.commit("again", "revert", version="2")
    assert story.told() == [("a", "b", "revert"), ("revert", "again", "open")]
    assert story.judge() == 0


@ONE_DATABASE
def test_a_merge_brings_it_and_mends_it(story: Story) -> None:
    story.past(("a", "1", PASSES))
    story.commit("topic", "a", version="2", branch="topic")
    story.judge(FAILS)
    story.commit("main", "a", version="3")
    story.judge(PASSES)
    assert story.rows()[0].open_on == ["topic"]
    story.commit("merge", "main", "topic", version="2")
    assert story.told() == [("a", "topic", "open")]
    assert story.rows()[0].open_on == ["main"]  # the branch was merged: what becomes of it is told there
    story.commit("fix", "merge", version="1")
    assert story.told() == [("a", "topic", "fix")]


@ONE_DATABASE
def test_a_fix_on_a_branch_leaves_it_open_on_main(story: Story) -> None:
    story.past(("a", "1", PASSES), ("b", "2", FAILS))
    story.commit("fix", "b", version="3", branch="topic")
    story.judge(PASSES)
    assert [(r.open_on, r.closed) for r in story.rows()] == [(["main"], None)]
    story.commit("merge", "b", "fix", version="3")
    assert story.told() == [("a", "b", "fix")]


@ONE_DATABASE
def test_a_branch_that_is_rewritten_leaves_what_failed_on_it(story: Story) -> None:
    story.past(("a", "1", PASSES))
    story.commit("old", "a", version="2", branch="topic")
    story.judge(FAILS)
    story.commit("new", "a", version="3", branch="topic")
    assert story.told() == [("a", "old", "left")]
    story.judge(FAILS)
    assert story.told() == [("a", "old", "left"), ("a", "new", "open")]


@ONE_DATABASE
def test_a_branch_that_was_renamed_is_closed_by_what_is_submitted_under_its_old_name(story: Story) -> None:
    story.past(("a", "1", PASSES))
    story.commit("b", "a", version="2", branch="old")
    story.judge(FAILS)
    story.commit("c", "b", version="3", branch="new")
    story.judge(PASSES)
    assert [(row.open_on, row.closed) for row in story.rows()] == [(["old"], None)]
    story.commit("c", "b", version="3", branch="old")
    assert story.told() == [("a", "b", "c")]


@ONE_DATABASE
def test_a_branch_that_goes_on_with_a_failure_keeps_it_open(story: Story) -> None:
    story.past(("a", "1", PASSES), ("b", "2", FAILS))
    with counted(story.database) as said:
        story.commit("c", "b", version="2")
    assert story.told() == [("a", "b", "open")]
    assert not [s for s in said if "INSERT INTO regression" in s or "UPDATE regression" in s]
    story.commit("t", "b", version="2", branch="topic")
    assert story.rows()[0].open_on == ["main", "topic"]


@ONE_DATABASE
def test_uncommitted_changes_open_and_close_nothing(story: Story) -> None:
    story.past(("a", "1", PASSES))
    story.commit("a+dirty.1", version="2", branch=None)
    story.judge(FAILS)
    assert story.told() == []
    story.commit("b", "a", version="3")
    story.judge(FAILS)
    story.commit("b+dirty.1", version="4", branch=None)
    story.judge(PASSES)
    assert story.told() == [("a", "b", "open")]


@ONE_DATABASE
def test_devices_and_networks_have_their_own(story: Story) -> None:
    story.past(("a", "1", PASSES))
    submit(story.database, story.inventory, ["other"], "a", version="1", submitted=story.now)
    story.judge(PASSES)
    story.commit("b", "a", version="2")
    story.judge(FAILS)
    submit(story.database, story.inventory, ["other"], "b", version="2", submitted=story.now)
    story.judge(FAILS)
    assert [r.architecture.name for r in story.rows()] == ["net", "other"]
    assert len({r.signature for r in story.rows()}) == 1


def test_a_pass_that_was_a_pass_costs_no_query_and_a_first_one_costs_one(story: Story) -> None:
    story.past(("a", "1", PASSES))
    said = _cost_of_a_pass(story, "b", "2")
    assert len(said) == 1
    with story.database.write() as session:
        job = session.scalars(select(Job).order_by(Job.id.desc())).first()
        assert job is not None
        copied = (
            "submission_id",
            "bundle",
            "architecture_id",
            "device_type_id",
            "policy",
            "priority",
            "created",
            "since",
        )
        session.add(Job(**{c: getattr(job, c) for c in copied}, state="queued"))
    assert _cost_of_a_pass(story, None, "2") == []


def _cost_of_a_pass(story: Story, commit: str | None, version: str) -> list[str]:
    """What is asked of the tables of regressions while a pass is merged."""
    if commit is not None:
        story.commit(commit, "a", version=version)
    with counted(story.database) as said:
        story.judge(PASSES)
    return [s for s in said if "regression" in s or "lineage" in s]


def test_all_of_it_follows_from_the_tables(story: Story) -> None:
    story.past(("a", "1", PASSES), ("b", "2", FAILS), ("c", "3", PASSES), ("d", "2", FAILS))
    story.commit("t", "b", version="4", branch="topic")
    story.judge(FAILS)

    def facts() -> list[tuple[object, ...]]:
        return [
            (r.last_good, r.first_bad, r.signature, r.cause, r.reason, r.evidence, r.open_on, r.fixed, r.closed is None)
            for r in story.rows()
        ]

    before = facts()
    assert [row[6] for row in before] == [["topic"], ["main"]]
    with story.database.write() as session:
        for row in session.scalars(select(Regression)):
            session.delete(row)
    with story.database.write() as session:
        assert len(recompute(session, story.now)) == 2
    assert facts() == before
