"""The history strip: its marks, its words, and that it says what the table said."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from farm.database.engine import Database
from farm.inventory import Inventory
from farm.reading.strip import Mark, last_good, read_strips, runs
from farm.states.conversions import ConversionState
from farm.states.verdict import Verdict
from tests.farm.rows import START, judge, submit
from tests.farm.statements import counted
from workers.outcome import Cause, Outcome

STRIPS = st.lists(st.sampled_from(Verdict)).map(
    lambda verdicts: tuple(Mark(f"c{n}", START, False, verdict) for n, verdict in enumerate(verdicts))
)


@given(STRIPS)
def test_runs_say_the_same_as_the_marks(strip: tuple[Mark, ...]) -> None:
    found = runs(strip)
    assert [run.verdict for run in found for _ in range(run.commits)] == [mark.verdict for mark in strip]
    assert all(one.verdict is not other.verdict for one, other in pairwise(found))


@given(STRIPS)
def test_the_last_good_commit_passed_and_nothing_after_it_did(strip: tuple[Mark, ...]) -> None:
    good = last_good(strip)
    passed = [mark.commit for mark in strip if mark.verdict is Verdict.SUPPORTED]
    if not strip or strip[0].verdict not in (Verdict.FAILED, Verdict.FLAKY, Verdict.PARTIAL):
        assert good is None
    else:
        assert good == (passed[0] if passed else None)


def test_the_marks_of_commits_that_broke_mended_and_left_it_alone(database: Database, inventory: Inventory) -> None:
    for n, (version, outcome) in enumerate([("1", Outcome.PASS), ("2", Outcome.MISMATCH), ("2", None), ("3", None)]):
        submit(database, inventory, ["net"], f"c{n}", version=version, date=START + timedelta(days=n))
        if outcome is not None:
            judge(database, inventory, outcome, Cause.DEVICE_STACK)
    broken = ConversionState.DONE
    submit(
        database, inventory, ["net"], "c4", date=START + timedelta(days=4), state=broken, outcome=Outcome.CONVERT_FAILED
    )
    with database.read() as session:
        strips = read_strips(session, inventory, "network", "net", "c4", 10)
        assert list(strips) == list(inventory.devices)
        assert [(mark.commit, mark.verdict, mark.outcome) for mark in strips["numpy"]] == [
            ("c4", Verdict.FAILED, Outcome.CONVERT_FAILED),
            ("c3", Verdict.MISSING, None),
            ("c2", Verdict.FAILED, Outcome.MISMATCH),  # of an equal bundle
            ("c1", Verdict.FAILED, Outcome.MISMATCH),
            ("c0", Verdict.SUPPORTED, Outcome.PASS),
        ]
        older = read_strips(session, inventory, "network", "net", "c2", 2)["torch"]
        assert [mark.commit for mark in older] == ["c2", "c1"]


def test_uncommitted_changes_are_newer_than_their_commit(database: Database, inventory: Inventory) -> None:
    for commit in ("c1", "c1+dirty.a"):
        submit(database, inventory, ["net"], commit)
    with database.read() as session:
        at = {
            commit: [m.commit for m in read_strips(session, inventory, "network", "net", commit, 9)["numpy"]]
            for commit in ("c1", "c1+dirty.a")
        }
    assert at == {"c1": ["c1"], "c1+dirty.a": ["c1+dirty.a", "c1"]}


def test_a_long_strip_takes_no_more_queries_than_a_short_one(database: Database, inventory: Inventory) -> None:
    for n in range(6):
        submit(database, inventory, ["net"], f"c{n}", version=str(n), date=START + timedelta(days=n))
        judge(database, inventory)
    asked = []
    for limit in (2, 6):
        with database.read() as session, counted(database) as said:
            assert len(read_strips(session, inventory, "network", "net", "c5", limit)["numpy"]) == limit
        asked.append(len(said))
    assert asked[0] == asked[1] <= 8
