from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from farm.coordinator.cancellation import cancel_submission
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.coordinator.roster import Entry
from farm.database.engine import Database
from farm.database.models import Conversion
from farm.details.submission import SubmissionRecord, read_submission, recent_submissions
from farm.errors import NotFoundError
from farm.inventory import Inventory
from farm.protocol import StartedMessage
from farm.states.wait_reason import WaitReason
from tests.farm.rows import START, FakeWire, judge, report, submit
from workers.outcome import Cause, Outcome

DAY = timedelta(days=1)


def read(database: Database, inventory: Inventory, submission: str, *, attended: bool = True) -> SubmissionRecord:
    with database.read() as session:
        return read_submission(session, inventory, submission, START, attended=attended)


def test_each_device_type_has_a_lane(database: Database, inventory: Inventory) -> None:
    submission = submit(database, inventory, ["a", "b", "c"], branch="main")
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    first, second = (m for m in wire.sent if m.device_type == "numpy")
    merge(database, StartedMessage(first.attempt, first.token, "bench-1"), START)
    merge(database, report(second, unit="bench-2"), START)
    found = read(database, inventory, submission)
    assert (found.commit, found.subject, found.branch, found.open) == ("c1", "s", "main", True)
    numpy, torch = found.lanes
    assert (numpy.device, numpy.waiting, numpy.ended, numpy.jobs, numpy.done) == ("numpy", 1, {"done": 1}, 3, 1)
    assert [(r.architecture, r.unit, r.attempt, r.since) for r in numpy.running] == [
        ("a", "bench-1", first.attempt, START)
    ]
    assert (torch.waiting, torch.running, torch.ended) == (3, (), {})
    assert numpy.verdicts == {"SUPPORTED": 1, "MISSING": 2}
    assert (numpy.waits, found.left.jobs) == (WaitReason.NO_COORDINATOR, 5)
    # Half a second for what runs, as the one that is done took; nobody knows when a coordinator comes for the other.
    assert (found.rests["numpy"].seconds, found.rest.unknown) == (0.5, 4)


def test_why_what_waits_does_is_told_by_its_device_type(database: Database, inventory: Inventory) -> None:
    submission = submit(database, inventory, ["a"])
    Entry(database).renew(START)
    numpy, torch = read(database, inventory, submission).lanes
    assert (numpy.waits, torch.waits) == (WaitReason.ALL_OFFLINE, WaitReason.ALL_OFFLINE)
    assert {lane.waits for lane in read(database, inventory, submission, attended=False).lanes} == {WaitReason.DUE}


def test_when_all_is_done_nothing_is_open(database: Database, inventory: Inventory) -> None:
    submission = submit(database, inventory, ["a", "b"])
    judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK)
    found = read(database, inventory, submission)
    assert (found.open, [lane.ended for lane in found.lanes]) == (False, [{"done": 2}, {"done": 2}])
    assert [lane.verdicts for lane in found.lanes] == [{"FAILED": 2}, {"FAILED": 2}]
    assert [(row.name, cell.device) for row, cell in found.summary.bad] == [
        ("a", "numpy"),
        ("a", "torch"),
        ("b", "numpy"),
        ("b", "torch"),
    ]
    assert all(lane.waits is None for lane in found.lanes)
    assert (found.rests, found.rest.seconds) == ({}, 0.0)


def test_conversions_under_way_and_refused(database: Database, inventory: Inventory) -> None:
    submission = submit(database, inventory, ["a"], state="running")
    assert read(database, inventory, submission).conversions == {"running": 1}
    with database.write() as session:
        session.execute(update(Conversion).values(claimed=START))
    found = read(database, inventory, submission)
    assert ([(r.architecture, r.since) for r in found.converting], found.open) == ([("a", START)], True)
    other = submit(database, inventory, ["b"], "c2", state="failed", outcome=Outcome.CONVERT_FAILED)
    refused = read(database, inventory, other)
    assert [(r.architecture, r.outcome, r.cause, r.message) for r in refused.refused] == [
        ("b", "CONVERT_FAILED", "model code", "said of b")
    ]
    assert (refused.conversions, refused.open, refused.converting) == ({"failed": 1}, False, ())


def test_a_verdict_of_an_earlier_commit_is_counted_as_stale(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"], version="1")
    judge(database, inventory)
    later = START + DAY
    submission = submit(database, inventory, ["a", "b"], "c2", version="2", date=later, submitted=later)
    for lane in read(database, inventory, submission).lanes:
        assert (lane.verdicts, lane.stale) == ({"MISSING": 2}, 1)


def test_what_was_cancelled_is_counted_as_that(database: Database, inventory: Inventory) -> None:
    submission = submit(database, inventory, ["a"])
    with database.write(in_turn=True) as session:
        cancel_submission(session, submission, "typo", START)
    found = read(database, inventory, submission)
    assert ([lane.ended for lane in found.lanes], found.open) == ([{"cancelled": 1}, {"cancelled": 1}], False)


def test_it_is_found_by_the_beginning_of_its_id_and_lacking_that_by_near_ones(
    database: Database, inventory: Inventory
) -> None:
    submission = submit(database, inventory, ["a"])
    later = submit(database, inventory, ["b"], "c2", submitted=START + DAY)
    assert read(database, inventory, submission[:12]).id == submission
    with pytest.raises(NotFoundError, match=submission):
        read(database, inventory, submission[:-1] + "?")
    with database.read() as session:
        assert [row.id for row in recent_submissions(session, 5)] == [later, submission]
        assert [row.id for row in recent_submissions(session, 1)] == [later]
