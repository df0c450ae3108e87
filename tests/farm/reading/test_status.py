"""The status of one architecture: its row, how its jobs stand, its strip and what to do next, joined."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farm.coordinator.rejudging import rejudge
from farm.database.engine import Database
from farm.errors import NotFoundError, UsageError
from farm.inventory import Inventory
from farm.reading.status import Status, read_status
from farm.states.verdict import Verdict
from tests.farm.coordinator.test_rejudging import OLD, WIDE, observe
from tests.farm.rows import START, judge, lose, submit
from workers.outcome import Cause, Outcome


def read(database: Database, inventory: Inventory, commit: str = "c1", kind: str | None = None) -> Status:
    with database.read() as session:
        return read_status(session, inventory, commit, "net", START, kind=kind, attended=True)


def test_a_break_is_told_with_the_commit_to_bisect_from(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], "c0", version="0")
    judge(database, inventory)
    submit(database, inventory, ["net"], "c1", version="1", date=START + timedelta(days=1))
    judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK)
    found = read(database, inventory)
    assert found.next["numpy"].command == "farm bisect net --device numpy --good c0 --bad c1"
    assert [mark.commit for mark in found.strips["torch"]] == ["c1", "c0"]
    before = read(database, inventory, "c0")
    assert (before.next, [mark.commit for mark in before.strips["numpy"]]) == ({}, ["c0"])


def test_a_job_that_waits_and_one_in_quarantine(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    waiting = read(database, inventory)
    assert set(waiting.jobs) == {"numpy", "torch"}
    assert {step.command for step in waiting.next.values()} == {"farm coordinator"}
    lose(database, inventory)
    given_up = read(database, inventory)
    assert given_up.next["numpy"].command == f"farm logs {given_up.jobs['numpy'].id}"


def test_an_attempt_that_was_judged_again_says_which_one_ran(database: Database) -> None:
    (ran, *_) = observe(database, OLD, 1e-6)
    assert rejudge(database, WIDE, WIDE.policy("fp32"), ["numpy"], START)
    cell = read(database, WIDE).row.cells["numpy"]
    assert (cell.verdict, cell.rejudged) == (Verdict.SUPPORTED, ran)
    assert cell.attempt != ran
    assert read(database, OLD).row.cells["numpy"].rejudged is None


def test_a_name_that_is_none_or_several(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], kind="network")
    submit(database, inventory, ["net"], kind="block")
    with pytest.raises(UsageError, match="say --kind network or block"):
        read(database, inventory)
    assert read(database, inventory, kind="block").row.kind == "block"
    with pytest.raises(NotFoundError, match="did you mean network:net"):
        read(database, inventory, kind="netwrk")
    with database.read() as session, pytest.raises(NotFoundError, match="did you mean net"):
        read_status(session, inventory, "c1", "nett", START)
