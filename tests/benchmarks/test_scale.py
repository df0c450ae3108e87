"""The simulation of a large farm: the coordinator loses and doubles nothing in it, and its figures are what they say."""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from benchmarks.published import recorded
from benchmarks.scale.broker import measure
from benchmarks.scale.clock import SimulatedClock
from benchmarks.scale.document import BEGIN, DOCUMENT, END, RESULTS, rendered, row, write_document
from benchmarks.scale.gauge import ENTER, Gauge
from benchmarks.scale.run import Result, count, simulate
from benchmarks.scale.scenario import CONVERT_S, DAY, REPLAY_S, Scenario, drawn, rate, selected
from benchmarks.thirdparty.document import RESULTS as MEASURED
from benchmarks.thirdparty.row import read_rows
from farm.coordinator import loop
from farm.database.engine import Database
from farm.database.models import Attempt, Device, Event, Job, Snapshot, Verdict
from farm.states.jobs import OPEN_JOBS, JobState
from tests.servers import redis_binary

#: Little, and much goes wrong: every way of it happens.
SMALL = Scenario(
    architectures=20,
    device_types=3,
    hours=0.05,
    drain_hours=1.0,
    commits_per_hour=80,
    infra=0.05,
    flaky=0.04,
    lost=0.04,
    vanished=0.04,
    doubled=0.1,
    outages_per_day=300,
    outage_s=60,
    units_per_host=2,
    away_until=0.03,
    time_limit_s=20,
    heartbeat_s=20.0,
    turn_s=4.0,
    charged=False,
    seed=2,
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[tuple[Database, Result]]:
    path = tmp_path_factory.mktemp("scale") / "farm.sqlite"
    path.write_bytes(migrated_sqlite.read_bytes())
    database = Database(f"sqlite:///{path}")
    yield database, simulate(database, SMALL)
    database.close()


def copied(ran: tuple[Database, Result], folder: Path) -> Database:
    path = folder / "copy.sqlite"
    path.write_bytes(Path(str(ran[0].engine.url.database)).read_bytes())  # what was written ahead is in it by then
    return Database(f"sqlite:///{path}")


def test_nothing_is_lost_nothing_doubled_and_every_job_ends(ran: tuple[Database, Result]) -> None:
    database, result = ran
    assert (result.lost, result.doubled, result.left) == (0, 0, 0)
    assert set(result.jobs) <= {JobState.DONE, JobState.SUPERSEDED, JobState.QUARANTINED}
    assert result.jobs[JobState.DONE] > 50
    with database.read() as session:
        wanted = set(session.scalars(select(Snapshot.bundle).where(Snapshot.selected, Snapshot.bundle.is_not(None))))
        judged = {(row.bundle, row.device_type_id) for row in session.scalars(select(Verdict))}
        ended = select(Job).where(Job.state.in_((JobState.QUARANTINED, JobState.SUPERSEDED)))
        given_up = {(row.bundle, row.device_type_id) for row in session.scalars(ended)}
        types = set(session.scalars(select(Job.device_type_id)))
    assert len(types) == SMALL.device_types
    assert {(bundle, each) for bundle in wanted for each in types} <= judged | given_up


def test_all_that_can_go_wrong_did(ran: tuple[Database, Result]) -> None:
    database, result = ran
    assert set(result.trouble) == {
        "vanished on the broker", "lost with a unit", "outages of a host", "infra error", "failed by chance",
    }  # fmt: skip
    assert result.attempts > result.reports > 0
    with database.read() as session:
        health = {f"{unit.device_type} {unit.unit}": unit.health for unit in session.scalars(select(Device))}
        absorbed = session.scalar(select(func.count()).where(Event.kind == "message duplicate"))
    assert health["device_000 unit-1"] == "bad"  # the sick one: it was found out by a check
    assert absorbed


def test_what_is_lost_or_doubled_is_counted(ran: tuple[Database, Result], tmp_path: Path) -> None:
    database = copied(ran, tmp_path)
    with database.write() as session:
        job = session.scalars(select(Job).where(Job.state == JobState.DONE)).first()
        assert job is not None
        session.execute(
            delete(Verdict).where(Verdict.bundle == job.bundle, Verdict.device_type_id == job.device_type_id)
        )
        others = select(func.count()).where(
            Job.bundle == job.bundle, Job.device_type_id == job.device_type_id, Job.state == JobState.DONE
        )
        unjudged = session.scalar(others)
        event = session.scalars(select(Event).where(Event.kind == "reported")).first()
        assert event is not None
        session.add(Event(at=event.at, kind=event.kind, subject=event.subject, detail={}))
    result = Result("sqlite", SMALL)
    count(database, result)
    assert (result.lost, result.doubled, result.left) == (unjudged, 1, 0)
    with database.write() as session:
        session.execute(update(Job).where(Job.id == job.id).values(state=JobState.RUNNING))
    count(database, result)
    assert (result.lost, result.left) == (unjudged, 1)
    database.close()


def test_costs_are_of_the_coordinator_alone_and_add_up(ran: tuple[Database, Result]) -> None:
    _, result = ran
    own = [cost for name, cost in result.costs.items() if name != ENTER]
    assert result.total.statements == sum(cost.statements for cost in own)
    assert 0 < result.total.cpu_s <= result.real_s
    assert result.costs[ENTER].calls == result.bundles
    assert result.costs["merge_all"].transactions == result.costs["merge_all"].calls  # one a batch
    assert result.costs["hear_unit"].calls == result.messages["heartbeat"] + result.messages["checked"]
    assert all(age.median_s <= age.p95_s for age in result.ages.values())


def test_what_is_away_for_good_ends_at_its_deadline(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "farm.sqlite"
    path.write_bytes(migrated_sqlite.read_bytes())
    database = Database(f"sqlite:///{path}")
    monkeypatch.setattr(loop, "SETTLE", timedelta(minutes=1))
    small = Scenario(
        architectures=4, device_types=2, hours=0.01, commits_per_hour=0, away_until=99, outages_per_day=0, turn_s=2.0,
        deadline_days=2 / 1440, charged=False, lost=0, vanished=0,
    )  # fmt: skip
    result = simulate(database, small)
    assert result.left == 0
    assert result.jobs == {JobState.DONE: 4, JobState.CANCELLED: 4}
    with database.read() as session:
        assert not session.scalars(select(Attempt.id).join(Job).where(Job.state == JobState.CANCELLED)).all()
        assert not session.scalars(select(Job.id).where(Job.state.in_(OPEN_JOBS))).all()
    database.close()


def test_the_clock_moves_past_what_is_planned_in_order_and_stops_when_told() -> None:
    clock, seen = SimulatedClock(DAY), []
    clock.after(2, lambda: seen.append(("b", clock.seconds)))
    clock.after(1, lambda: (seen.append(("a", clock.seconds)), clock.after(0.5, lambda: seen.append(("c", 1.5)))))
    clock.advance(1.7, lambda: False)
    assert (seen, clock.seconds) == ([("a", 1), ("c", 1.5)], 1.7)
    clock.advance(9, lambda: len(seen) == 3)
    assert (clock.monotonic(), clock.now()) == (2, DAY + timedelta(seconds=2))


def test_a_gauge_puts_each_second_down_once(ran: tuple[Database, Result]) -> None:
    gauge = Gauge(ran[0])
    with gauge.of_parts(), gauge.counting("rest"):
        sum(range(200_000))
        with gauge.counting(ENTER), ran[0].read() as session:
            session.scalar(select(func.count()).select_from(Job))
            spent = sum(range(2_000_000))
    assert spent
    assert gauge.costs[ENTER].statements == 2  # the one that begins it too
    assert gauge.costs["rest"].statements == 0
    assert gauge.costs[ENTER].cpu_s > gauge.costs["rest"].cpu_s > 0
    assert gauge.total.cpu_s == gauge.costs["rest"].cpu_s


@pytest.mark.parametrize(("law", "column"), [(CONVERT_S, "convert_s"), (REPLAY_S, "replay_s")])
def test_durations_are_those_that_were_measured(law: tuple[float, float], column: str) -> None:
    took = [getattr(each, column) for each in read_rows(MEASURED).values() if each.passed and getattr(each, column)]
    assert law[0] == pytest.approx(statistics.median(took), rel=0.01)
    chance = random.Random(0)
    made = sorted(drawn(chance, law) for _ in range(4000))
    assert made[2000] == pytest.approx(law[0], rel=0.1)
    assert made[3800] == pytest.approx(sorted(took)[int(0.95 * len(took))], rel=0.35)


def test_commits_come_by_the_hour_and_select_few_or_all() -> None:
    scenario = Scenario(begins=10)
    assert rate(scenario, 0) == pytest.approx(scenario.commits_per_hour / 3600)
    assert rate(scenario, 16 * 3600) < rate(scenario, 0) / 20  # at two in the night
    chance = random.Random(0)
    counts = [selected(chance, 1000) for _ in range(400)]
    assert min(counts) == 1
    assert max(counts) == 1000
    assert sum(number < 10 for number in counts) > 200


def test_the_document_has_the_published_runs() -> None:
    inside = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert inside.strip() == rendered(recorded(RESULTS)).strip()


@pytest.mark.server
def test_a_run_becomes_a_column(ran: tuple[Database, Result], tmp_path: Path) -> None:
    broker = measure(redis_binary(), SMALL.inventory().policy_of("device_000"))
    assert 1000 < broker.attempt_bytes < broker.report_bytes < 20_000
    assert broker.send_ms > 0
    assert broker.take_ms > 0
    document = row(ran[1], broker)
    assert document["redis_bytes"] >= ran[1].most_attempts * broker.attempt_bytes
    assert document["broker_cpu_ms"] == broker.send_ms + 2 * broker.take_ms
    results, page = tmp_path / "results.jsonl", tmp_path / "scale.md"
    results.write_text(json.dumps(document) + "\n")
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_document(page, results)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "20 × 3 × 3" in text
