"""What others are told of regressions, and what known issues excuse at the gate."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from farm.database.engine import Database
from farm.database.models import Job, Outbox, Regression
from farm.errors import ExitCode
from farm.gating.judgement import FailOn, Finding, Gate
from farm.gating.reading import read_gate
from farm.notifications.words import text
from farm.regressions.follow import recompute
from farm.regressions.known import add_known
from farm.states.notifications import Kind, Notification
from tests.farm.conftest import Scratch
from tests.farm.regressions.story import FAILS, PASSES, Story
from tests.farm.regressions.test_repository import KERNEL, run
from tests.farm.tinyfarm import BLOCK, tiny_farm
from workers.outcome import Outcome

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def told(database: Database) -> list[Notification]:
    with database.read() as session:
        rows = session.scalars(select(Outbox).order_by(Outbox.id)).all()
    regressions = (Kind.REGRESSION_OPENED, Kind.REGRESSION_CLOSED)
    return [Notification(r.notification, r.kind, r.subject, r.detail, r.at) for r in rows if r.kind in regressions]


def test_the_first_that_opens_and_the_last_that_closes_are_told_of(database: Database) -> None:
    story = Story(database)
    for name, version, outcome in (("a", "1", PASSES), ("b", "2", FAILS), ("c", "3", PASSES)):
        before = {"b": ("a",), "c": ("b",)}.get(name, ())
        story.commit(name, *before, version=version, of="net other")
        story.judge(outcome)
    opened, closed = told(database)
    assert (opened.kind, opened.subject, closed.kind, closed.subject) == (
        "regression opened",
        "1",
        "regression closed",
        "2",
    )
    assert text(opened).splitlines() == [
        "regression 1 is open: network:net on numpy",
        "a..b, MISMATCH, turned by model code: the code of the architecture changed; the device is as it was",
        "`farm regressions show 1` has the rest",
    ]
    assert text(closed).startswith("regression 2 is fixed by c: network:other on numpy\n")
    with database.write() as session:
        for row in session.scalars(select(Regression)):
            session.delete(row)
    with database.write() as session:
        assert recompute(session, story.now)
    assert len(told(database)) == 2  # of what was long ago nobody is told


@ONE_DATABASE
def test_a_withdrawn_one_is_told_of_with_its_reason(database: Database) -> None:
    story = Story(database)
    story.past(("a", "1", PASSES), ("b", "2", FAILS))
    with database.write() as session:
        job = session.scalars(select(Job).order_by(Job.id.desc())).first()
        assert job is not None
        job.state = "queued"
    story.tell((PASSES, "unit-2"))
    assert [n.detail["state"] for n in told(database)] == ["open", "withdrawn"]
    assert "what failed passes now" in text(told(database)[1])


@ONE_DATABASE
def test_a_known_issue_opens_the_gate_until_its_day_is_over(scratch: Scratch, database: Database) -> None:
    farm = tiny_farm(scratch, database)
    run(farm)
    base = scratch.git("rev-parse", "HEAD")
    farm.edit(BLOCK, *KERNEL)
    commit = scratch.commit({}, "Kernel")
    run(farm, Outcome.MISMATCH)

    def gate() -> Gate:
        with database.read() as session:
            return read_gate(session, farm.inventory, commit, base)

    assert gate().exit_code(FailOn.REGRESSION) is ExitCode.BAD_RESULT
    with database.write() as session:
        row = session.scalars(select(Regression)).first()
        assert row is not None
        issue, _ = add_known(session, row.signature, "ada", date(2999, 1, 1), "", "root", row.opened)
    made = gate()
    assert (made.counts[Finding.EXCUSED], made.counts[Finding.REGRESSION]) == (4, 0)
    assert {judged.why for judged in made.judged if judged.finding is Finding.EXCUSED} == {"ada, until 2999-01-01"}
    assert made.exit_code(FailOn.FAILURE) is ExitCode.GOOD
    with database.write() as session:
        session.merge(issue).until = row.opened
    assert gate().exit_code(FailOn.REGRESSION) is ExitCode.BAD_RESULT
