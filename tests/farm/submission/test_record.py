"""Entering a plan: what is converted, what is known already, what is waited for."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from farm.coordinator.jobs import Need
from farm.database.engine import Database
from farm.database.models import Attempt, Commit, Conversion, Event, Job, Repeat, Snapshot, Submission
from farm.errors import InventoryError
from farm.inventory import Inventory
from farm.planning.last_change import last_changes
from farm.planning.plan import SourceReader
from farm.submission.record import Remaining, known_changes, record, remaining
from farm.verdicts.inheritance import Reprove
from tests.farm.conftest import Scratch
from tests.farm.rows import START, judge, lose
from tests.farm.statements import counted
from tests.farm.tinyfarm import BLOCK, SMALL, TOOLCHAIN, TinyFarm, tiny_farm
from workers.outcome import Outcome

STRIDE = ("Conv2d(3, 16, 3)", "Conv2d(3, 16, 3, stride=2)")
KERNEL = ("channels, 3, padding=1", "channels, 5, padding=2")


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    return tiny_farm(scratch, database)


def count(database: Database, table: type) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def states(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Conversion.state).order_by(Conversion.id)))


def test_every_architecture_gets_a_row_and_the_selected_are_converted(farm: TinyFarm) -> None:
    first = farm.scratch.git("rev-parse", "HEAD")
    submitted = farm.submit()
    assert (submitted.commit, submitted.converting, submitted.known, submitted.jobs) == (first, 3, 0, {})
    assert submitted.devices == ("numpy", "exact")
    farm.edit(SMALL, *STRIDE)
    second = farm.scratch.commit({}, "Stride")
    changed = farm.submit(first)
    assert (changed.converting, changed.known) == (1, 0)
    snapshots = farm.snapshots(second)
    assert {name: s.selected for name, s in snapshots.items()} == {"tiny": False, "wide": True, "Block": False}
    assert {name: s.last_change for name, s in snapshots.items()} == {"tiny": first, "wide": second, "Block": first}
    assert "wide.__init__" in snapshots["wide"].reason
    assert snapshots["wide"].chain[-1]["file"] == SMALL
    assert (snapshots["tiny"].file, snapshots["tiny"].bundle) == (SMALL, None)
    assert snapshots["tiny"].reason.startswith("unchanged")


def test_conversions_are_queued_by_priority(farm: TinyFarm) -> None:
    farm.submit()
    with farm.database.read() as session:
        rows = session.scalars(select(Conversion).order_by(Conversion.priority)).all()
        assert [row.architecture.name for row in rows] == ["wide", "tiny", "Block"]


def test_submitting_again_while_it_is_under_way_adds_nothing(farm: TinyFarm) -> None:
    farm.submit()
    farm.submit()
    assert states(farm.database) == ["queued"] * 3
    assert count(farm.database, Submission) == 2
    farm.convert()
    jobs = count(farm.database, Job)
    assert farm.submit().jobs == {"already open": 6}
    assert count(farm.database, Job) == jobs == 6


def test_submitting_again_when_it_is_done_costs_nothing(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    assert farm.judge() == 6
    again = farm.submit()
    assert (again.converting, again.known, again.jobs) == (0, 3, {"inherited": 6})
    assert states(farm.database) == ["done"] * 3
    assert farm.judge() == 0


def test_a_bundle_is_known_at_another_commit_and_after_a_revert(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    farm.judge()
    farm.edit(SMALL, *STRIDE)
    farm.scratch.commit({}, "Stride")
    farm.submit("HEAD~1")
    farm.convert()
    assert farm.judge() == 2
    farm.edit(SMALL, *reversed(STRIDE))
    reverted = farm.scratch.commit({}, "Revert")
    submitted = farm.submit("HEAD~1")
    assert (submitted.converting, submitted.known, submitted.jobs) == (0, 1, {"inherited": 2})
    start = farm.snapshots(farm.scratch.git("rev-parse", "HEAD~2"))
    assert {n: s.bundle for n, s in farm.snapshots(reverted).items()} == {n: s.bundle for n, s in start.items()}


def test_another_toolchain_converts_the_selected_anew(farm: TinyFarm) -> None:
    newer = {**TOOLCHAIN, "torch": "2.14"}
    farm.submit()
    farm.convert()
    before = {n: s.bundle for n, s in farm.snapshots(farm.submit().commit).items()}
    submitted = farm.submit(toolchain=newer)
    assert (submitted.converting, submitted.known) == (3, 0)
    farm.convert(toolchain=newer)
    after = {n: s.bundle for n, s in farm.snapshots(submitted.commit).items()}
    assert not set(before.values()) & set(after.values())
    assert (farm.submit(toolchain=newer).known, farm.submit(toolchain=newer).converting) == (3, 0)


def test_what_is_not_selected_keeps_its_bundle_whatever_made_it(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    farm.edit(SMALL, *STRIDE)
    commit = farm.scratch.commit({}, "Stride")
    farm.submit("HEAD~1", toolchain={**TOOLCHAIN, "torch": "2.14"})
    assert {name: s.bundle is not None for name, s in farm.snapshots(commit).items()} == {
        "tiny": True,
        "Block": True,
        "wide": False,
    }


def test_reconvert_asks_for_what_is_known(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    submitted = farm.submit(reconvert=True)
    assert (submitted.converting, submitted.known) == (3, 0)
    assert states(farm.database) == ["queued"] * 3


def test_a_failed_conversion_is_queued_again_without_what_was_said_of_it(farm: TinyFarm) -> None:
    first = farm.submit()
    farm.convert(Outcome.PRECLUDED)
    second = farm.submit()
    assert second.converting == 3
    with farm.database.read() as session:
        rows = session.scalars(select(Conversion)).all()
    assert {(r.state, r.outcome, r.cause, r.message) for r in rows} == {("queued", None, None, "")}
    assert {r.submission_id for r in rows} == {second.submission} != {first.submission}


def test_an_excluded_architecture_has_a_row_and_no_conversion(farm: TinyFarm) -> None:
    commit = farm.scratch.commit({"exclusions.yaml": "wide: too wide\n"}, "Exclude")
    assert farm.submit().converting == 2
    wide = farm.snapshots(commit)["wide"]
    assert (wide.selected, wide.reason) == (False, "excluded: too wide")


def test_uncommitted_changes_are_a_commit_of_their_own(farm: TinyFarm) -> None:
    head = farm.scratch.git("rev-parse", "HEAD")
    farm.edit(SMALL, *STRIDE)
    submitted = farm.submit(head)
    assert submitted.commit.startswith(f"{head}+dirty.")
    with farm.database.read() as session:
        dirty = session.get_one(Commit, submitted.commit)
        assert (dirty.sha, dirty.dirty) == (head, True)
        assert session.get_one(Commit, head).dirty is False
    last = {name: s.last_change for name, s in farm.snapshots(submitted.commit).items()}
    assert last == {"wide": submitted.commit, "tiny": head, "Block": head}


def test_changed_numbers_under_an_old_policy_version_are_refused_at_once(farm: TinyFarm) -> None:
    farm.submit()
    numbers = farm.inventory.model_dump(mode="json")
    numbers["policies"]["fp32"]["rtol"] = 1e-3
    farm.inventory = Inventory.model_validate(numbers)
    before = count(farm.database, Event)
    with pytest.raises(InventoryError, match=r"policy 'fp32' version 1 .* give it the next version"):
        farm.submit()
    assert (count(farm.database, Submission), count(farm.database, Event)) == (1, before)


def test_more_architectures_take_no_more_statements(farm: TinyFarm) -> None:
    def statements(entries: int) -> int:
        plan = farm.plan()
        changes = last_changes(SourceReader(farm.repository, farm.inventory), plan, ("models",), {})
        with counted(farm.database) as said:
            record(farm.database, replace(plan, entries=plan.entries[:entries]), farm.inventory, TOOLCHAIN, changes)
        return len(said)

    statements(3)
    farm.convert()
    assert statements(1) == statements(3)  # jobs are open
    farm.judge()
    assert statements(1) == statements(3)  # verdicts are inherited


def test_known_changes_are_those_of_the_same_closure_next_door(farm: TinyFarm) -> None:
    first = farm.submit().commit
    farm.edit(BLOCK, *KERNEL)
    second = farm.scratch.commit({}, "Kernel")
    plan = farm.plan(first)
    without_parents = replace(plan, state=replace(plan.state, parents=()))
    with farm.database.read() as session:
        known = known_changes(session, plan)
        assert known_changes(session, without_parents) == {}
    assert {key: change.commit for key, change in known.items()} == {"network:wide": first}
    assert known["network:wide"].subject == "Start"
    farm.submit(first)
    with farm.database.read() as session:
        known = known_changes(session, without_parents)
    assert {key: change.commit for key, change in known.items()} == {
        "network:wide": first,
        "network:tiny": second,
        "block:Block": second,
    }


def test_what_remains_are_conversions_then_jobs(farm: TinyFarm) -> None:
    submitted = farm.submit()

    def left() -> Remaining:
        with farm.database.read() as session:
            return remaining(session, submitted)

    assert left() == Remaining(conversions=3, jobs=0)
    assert left()
    farm.convert()
    assert left() == Remaining(conversions=0, jobs=6)
    farm.judge()
    assert not left()


def test_jobs_of_a_device_that_is_gone_are_not_waited_for(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    less = farm.inventory.model_dump(mode="json")
    del less["devices"]["exact"]
    farm.inventory = Inventory.model_validate(less)
    submitted = farm.submit()
    with farm.database.read() as session:
        assert remaining(session, submitted) == Remaining(conversions=0, jobs=3)
    judge(farm.database, farm.inventory)
    with farm.database.read() as session:
        assert not remaining(session, submitted)


def test_others_jobs_on_the_same_bundles_are_waited_for(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    farm.scratch.commit({"README.md": "words"}, "Words")
    submitted = farm.submit()
    with farm.database.read() as session:
        assert remaining(session, submitted) == Remaining(conversions=0, jobs=6)
        assert session.scalar(select(func.count()).select_from(Attempt)) == 0


def test_two_that_submit_the_same_at_once_enter_it_once(farm: TinyFarm) -> None:
    plan = farm.plan()
    changes = last_changes(SourceReader(farm.repository, farm.inventory), plan, ("models",), {})
    errors: list[Exception] = []
    barrier = threading.Barrier(4)

    def submit() -> None:
        try:
            barrier.wait(10)
            record(farm.database, plan, farm.inventory, TOOLCHAIN, changes)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert count(farm.database, Submission) == 4
    assert count(farm.database, Snapshot) == count(farm.database, Conversion) == 3
    assert states(farm.database) == ["queued"] * 3


def test_the_date_of_a_commit_is_its_authors(farm: TinyFarm) -> None:
    submitted = farm.submit()
    with farm.database.read() as session:
        commit = session.get_one(Commit, submitted.commit)
    assert commit.date.isoformat() == "2024-05-01T08:00:00+00:00"  # 10:00 two hours east of UTC
    assert commit.recorded - commit.date > timedelta(days=365)
    assert commit.subject == "Start"


def test_a_newer_commit_of_the_branch_supersedes_and_uncommitted_changes_do_not(farm: TinyFarm) -> None:
    farm.submit(branch="main")
    farm.edit(SMALL, "Linear(8, num_classes)", "Linear(8, num_classes, bias=False)")
    dirty = farm.submit(branch="main", now=START + timedelta(minutes=1))
    assert dirty.superseded == 0
    base = farm.scratch.git("rev-parse", "HEAD")
    farm.scratch.commit({}, "No bias")
    newer = farm.submit(base, branch="main", now=START + timedelta(minutes=2))
    assert (newer.converting, newer.superseded) == (1, 1)
    assert str(newer) == "1 to convert, 0 known; 1 that waited for older commits superseded"
    with farm.database.read() as session:
        ended = session.scalars(select(Conversion).where(Conversion.state == "superseded")).one()
        assert (ended.architecture.name, ended.commit) == ("tiny", base)


def test_a_submission_says_what_stays_in_quarantine(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    lose(farm.database, farm.inventory, times=6)
    again = farm.submit(now=START + timedelta(days=9))
    assert again.jobs == {Need.QUARANTINED: 6}
    assert str(again) == "0 to convert, 3 known: 0 verdicts inherited, 0 jobs queued, 6 in quarantine (farm jobs)"
    assert farm.submit(reprove=Reprove.FAILURES, now=START + timedelta(days=9)).jobs == {Need.QUEUED: 6}


def test_a_narrow_submission_is_for_its_devices_alone(farm: TinyFarm) -> None:
    narrow = farm.submit(devices=("exact",))
    assert narrow.devices == ("exact",)
    farm.convert()
    with farm.database.read() as session:
        assert {job.device_type.name for job in session.scalars(select(Job))} == {"exact"}
        assert remaining(session, narrow) == Remaining(conversions=0, jobs=3)
    assert farm.judge() == 3
    assert farm.submit(devices=()).jobs == {}
    assert farm.submit(devices=("numpy", "exact")).jobs == {"queued": 3, "inherited": 3}


def test_a_narrow_submission_repeats_nothing_and_says_nothing_anew_of_its_commit(farm: TinyFarm) -> None:
    farm.inventory = with_share(farm.inventory, 1.0)
    farm.submit(devices=())
    assert count(farm.database, Repeat) == 0
    farm.submit()
    assert count(farm.database, Repeat) == 3
    commit = farm.scratch.git("rev-parse", "HEAD")
    before = {name: (s.selected, s.reason) for name, s in farm.snapshots(commit).items()}
    farm.submit("HEAD", devices=())
    assert {name: (s.selected, s.reason) for name, s in farm.snapshots(commit).items()} == before


def test_what_a_later_submission_wants_more_comes_of_a_conversion_under_way(farm: TinyFarm) -> None:
    farm.submit(devices=())
    farm.submit(devices=("exact",))
    farm.submit(devices=("numpy",))
    with farm.database.read() as session:
        newest = session.scalars(select(Submission).order_by(Submission.id)).all()
        assert sorted(map(tuple, (s.devices or () for s in newest))) == [(), ("exact",), ("numpy", "exact")]
    farm.convert()
    assert farm.judge() == 6


@pytest.mark.parametrize("wide_first", [True, False])
def test_a_submission_of_all_devices_is_not_made_narrower(farm: TinyFarm, wide_first: bool) -> None:
    for devices in (None, ("exact",)) if wide_first else (("exact",), None):
        farm.submit(devices=devices)
    farm.convert()
    assert farm.judge() == 6


def with_share(inventory: Inventory, share: float) -> Inventory:
    body = inventory.model_dump(mode="json")
    body["conversion"]["repeat_share"] = share
    return Inventory.model_validate(body)
