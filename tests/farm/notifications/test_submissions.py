"""The end of a submission: noted once, told with what it came to, and not before its last job."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from farm.database.engine import Database
from farm.database.models import Outbox, Repeat, Submission
from farm.notifications.submissions import finish_submissions
from farm.verdicts.inheritance import Reprove
from tests.farm.conftest import Scratch
from tests.farm.rows import START, judge
from tests.farm.tinyfarm import BLOCK, TinyFarm, tiny_farm
from workers.outcome import Cause, Outcome

LATER = START + timedelta(hours=1)


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    return tiny_farm(scratch, database)


def finished(farm: TinyFarm) -> dict[str, datetime | None]:
    with farm.database.read() as session:
        return {row.id: row.finished for row in session.scalars(select(Submission))}


def told(farm: TinyFarm) -> list[Outbox]:
    with farm.database.read() as session:
        return list(session.scalars(select(Outbox).order_by(Outbox.id)))


def test_it_is_finished_after_its_last_job(farm: TinyFarm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_PAGES_URL", "https://farm.example.org")
    submitted = farm.submit(branch="main")
    assert finish_submissions(farm.database, farm.inventory, LATER) == 0
    farm.convert()
    assert finish_submissions(farm.database, farm.inventory, LATER) == 0
    judge(farm.database, farm.inventory, Outcome.MISMATCH, Cause.DEVICE_STACK)
    assert finish_submissions(farm.database, farm.inventory, LATER) == 1
    assert finish_submissions(farm.database, farm.inventory, LATER) == 0
    assert finished(farm) == {submitted.submission: LATER}
    (row,) = told(farm)
    assert (row.kind, row.subject) == ("submission finished", submitted.submission)
    assert row.detail == {
        "commit": submitted.commit,
        "branch": "main",
        "conclusion": "a result is bad",
        "exit_code": 1,
        "counts": {"numpy": {"FAILED": 3}, "exact": {"FAILED": 3}},
        "url": f"https://farm.example.org/table/{submitted.commit}",
    }


def test_one_whose_jobs_told_nothing_is_not_all_good_though_what_was_known_stands(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    farm.judge()
    assert finish_submissions(farm.database, farm.inventory, LATER) == 1
    farm.submit(reprove=Reprove.ALL)
    farm.judge(Outcome.INFRA_ERROR)
    assert finish_submissions(farm.database, farm.inventory, LATER) == 1
    before, after = (row.detail for row in told(farm))
    assert (before["conclusion"], before["exit_code"]) == ("all is good", 0)
    assert (after["conclusion"], after["exit_code"]) == ("results are lacking", 3)
    assert after["counts"] == before["counts"]


def test_each_ends_on_its_own(farm: TinyFarm) -> None:
    first = farm.submit()
    farm.convert()
    farm.judge()
    farm.edit(BLOCK, "channels: int = 8", "channels: int = 9")
    farm.scratch.commit({}, "Widen the block")
    second = farm.submit(first.commit)
    nothing = farm.submit(second.commit, now=LATER)
    farm.convert()
    assert finish_submissions(farm.database, farm.inventory, LATER) == 1
    assert [sub for sub, at in finished(farm).items() if at] == [first.submission]
    farm.judge()
    assert finish_submissions(farm.database, farm.inventory, LATER) == 2  # those of one commit wait for one another
    assert all(finished(farm).values())
    assert nothing.submission in finished(farm)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_that_selected_nothing_or_is_a_tools_is_noted_and_not_told(farm: TinyFarm) -> None:
    submitted = farm.submit(farm.scratch.git("rev-parse", "HEAD"))
    assert finish_submissions(farm.database, farm.inventory, LATER) == 1
    assert finished(farm) == {submitted.submission: LATER}
    assert told(farm) == []
    with farm.database.write() as session:
        session.add(Submission(id="n" * 32, commit=submitted.commit, created=START, devices=["numpy"]))
    assert finish_submissions(farm.database, farm.inventory, LATER) == 1
    assert told(farm) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_it_waits_for_repeats_and_not_for_devices_that_are_gone(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    only = farm.inventory.model_copy(update={"devices": {"numpy": farm.inventory.devices["numpy"]}})
    judge(farm.database, only)
    assert finish_submissions(farm.database, farm.inventory, LATER) == 0
    with farm.database.write() as session:
        submission = session.scalars(select(Submission)).one()
        repeat = Repeat(conversion_id=1, submission_id=submission.id, architecture_id=1, hash_seed=1, state="queued")
        session.add(repeat)
    assert finish_submissions(farm.database, only, LATER) == 0
    with farm.database.write() as session:
        session.scalars(select(Repeat)).one().state = "done"
    assert finish_submissions(farm.database, only, LATER) == 1
