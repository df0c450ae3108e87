"""The killer, what is counted after it, and one short run of all of it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from benchmarks.chaos.document import DOCUMENT, RESULTS, rendered
from benchmarks.chaos.figures import Figures, collect
from benchmarks.chaos.killer import KINDS, Kill, Killer
from benchmarks.published import recorded
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.coordinator.sweep import sweep
from farm.database.engine import Database
from farm.database.models import Job, Verdict
from farm.database.records import record_event
from farm.inventory import Inventory
from farm.protocol import StartedMessage
from farm.states.jobs import JobState
from tests.farm.rows import START, FakeWire, judge, report, submit


class FakePart:
    """Ended at once, and started at once."""

    def __init__(self, name: str) -> None:
        self.name, self.lives, self.starts = name, True, 0

    def start(self) -> None:
        self.lives, self.starts = True, self.starts + 1

    def kill(self) -> None:
        self.lives = False

    kill_all = kill

    def kill_child(self) -> bool:
        return True


def farm() -> list[FakePart]:
    return [FakePart(name) for name in ("redis", "coordinator-1", "host-a-0", "host-b-0")]


def killed(seed: int, parts: list[FakePart]) -> list[tuple[str, str]]:
    killer = Killer(seed, parts, None, 0.0)  # type: ignore[arg-type]
    for tenth in range(3000):
        killer.act(tenth / 10)
    killer.end()
    return [(kill.kind, kill.victim) for kill in killer.kills]


def test_a_seed_says_who_is_killed() -> None:
    assert killed(1, farm()) == killed(1, farm()) != killed(2, farm())


def test_everything_is_killed_some_time_and_everything_is_started_again() -> None:
    parts = farm()
    kills = killed(3, parts)
    assert 300 / 2.5 * 0.7 < len(kills) <= 300
    assert {kind for kind, _ in kills} == set(KINDS)
    assert {victim for _, victim in kills} == {part.name for part in parts}
    assert all(part.lives and part.starts for part in parts)


@pytest.fixture
def database(tmp_path: Path, migrated_sqlite: Path) -> Database:
    path = tmp_path / "farm.sqlite"
    path.write_bytes(migrated_sqlite.read_bytes())
    return Database(f"sqlite:///{path}")


def figures(
    database: Database, submitted: int = 4, runs: tuple[str, ...] = (), kills: tuple[Kill, ...] = ()
) -> Figures:
    return collect(
        database, submitted, 0, runs, kills, partitions=False, seconds=1.0, seed=0, lease_s=4.0, window=2
    )  # fmt: skip


def test_a_farm_that_did_its_work_holds(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a", "b"])
    attempts = judge(database, inventory)
    found = figures(database, runs=(*attempts, attempts[0], "of nobody"))
    assert found.holds
    assert (found.jobs, found.reexecuted, found.resent, found.lost) == (4, 1, 0, 0)
    assert found.document()["schema"] == "benchmark-chaos/1"


def test_what_was_lost_doubled_or_misjudged_is_counted(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a", "b"])
    attempts = judge(database, inventory)
    assert figures(database, submitted=5).lost == 1
    with database.write() as session:
        session.execute(update(Job).where(Job.id == 1).values(state=JobState.QUEUED))
        record_event(session, "reported", attempts[1], START)
        verdict = session.scalars(select(Verdict).where(Verdict.attempt_id == attempts[2])).one()
        verdict.verdict = "FAILED"
    found = figures(database)
    assert (found.lost, found.doubled, found.misjudged) == (1, 1, 1)
    assert not found.holds


def test_a_network_that_kills_its_hosts_is_to_end_in_quarantine(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["poison"])
    judge(database, inventory)
    assert figures(database, submitted=2).spared == 2


def test_the_time_to_the_next_attempt_is_from_the_kill_that_took_it_along(
    database: Database, inventory: Inventory
) -> None:
    submit(database, inventory, ["a"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    for message in wire.sent:
        merge(database, StartedMessage(message.attempt, message.token, "host-1"), START)
    later = START + timedelta(hours=1)
    sweep(database, later)
    dispatch(database, inventory, wire, later + timedelta(seconds=2))
    for message in wire.sent[2:]:
        merge(database, report(message), later + timedelta(seconds=3))
    kills = (
        Kill("coordinator", "coordinator-1", START + timedelta(seconds=1)),
        Kill("host", "host-2", START + timedelta(seconds=2)),
        Kill("host", "host-1", later - timedelta(seconds=8)),
    )
    found = figures(database, submitted=2, kills=kills)
    assert (found.noticed_median_s, found.redispatch_median_s, found.redispatch_p95_s) == (8.0, 10.0, 10.0)
    assert (found.resent, found.kills_by_kind) == (2, {"coordinator": 1, "host": 2})


def test_the_figures_in_the_documentation_are_those_of_the_published_runs() -> None:
    runs = recorded(RESULTS)
    assert rendered(runs) in DOCUMENT.read_text(encoding="utf-8")
    assert all(run["lost"] == run["doubled"] == run["left_end"] == run["dangling"] == 0 for run in runs)


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_nothing_is_lost_or_doubled_whatever_is_killed() -> None:
    command = (sys.executable, "-m", "benchmarks.chaos", "--seconds", "12", "--seed", "5", "--json")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] >= 4
    assert found["jobs"] > 20
    assert {name: found[name] for name in ("lost", "doubled", "left_end", "dangling", "misjudged", "spared")} == (
        dict.fromkeys(("lost", "doubled", "left_end", "dangling", "misjudged", "spared"), 0)
    )
    assert found["quarantined"] >= 2
