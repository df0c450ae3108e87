"""One simulation: the real coordinator on a real database, until nothing is left to do; and what became of the jobs."""

from __future__ import annotations

import math
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, make_url, select, text
from sqlalchemy.orm import Session

from benchmarks.scale.clock import SimulatedClock
from benchmarks.scale.gauge import REST, Cost, Gauge
from benchmarks.scale.people import People
from benchmarks.scale.scenario import Scenario
from benchmarks.scale.world import World
from farm.coordinator.loop import Coordinator
from farm.database.engine import Database
from farm.database.models import Attempt, CaseResult, Event, Job, Verdict
from farm.states.jobs import OPEN_ATTEMPTS, OPEN_JOBS, JobState

#: Looks whether there is anything left to do are as far apart.
LOOK_EVERY_S = 30.0
#: Priorities at which a class of jobs ends: the first tenth of the architectures, the first half, all.
CLASSES = (0.1, 0.5, 1.0)


@dataclass(slots=True)
class Age:
    """Seconds from when a job was queued until it was first sent."""

    median_s: float
    p95_s: float
    jobs: int


@dataclass(slots=True)
class Result:
    """What a simulation came to. Costs are of the coordinator alone; ``hours`` is until nothing was left, or time was up.

    ``lost`` jobs are done without a verdict, or under way without an attempt; ``doubled`` counts reports and cases that were
    recorded once too often; ``left`` jobs are still open. ``busiest_per_s`` is of first attempts that ended, in one minute.
    """

    database: str
    scenario: Scenario
    hours: float = 0.0
    real_s: float = 0.0
    jobs: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    reports: int = 0
    lost: int = 0
    doubled: int = 0
    left: int = 0
    commits: int = 0
    bundles: int = 0
    inherited: int = 0
    superseded: int = 0
    turns: int = 0
    costs: dict[str, Cost] = field(default_factory=dict)
    total: Cost = field(default_factory=Cost)
    ages: dict[str, Age] = field(default_factory=dict)
    messages: Counter[str] = field(default_factory=Counter)
    trouble: Counter[str] = field(default_factory=Counter)
    most_attempts: int = 0
    most_results: int = 0
    busiest_per_s: float = 0.0
    busy_share: float = 0.0
    size_bytes: int = 0


def simulate(database: Database, scenario: Scenario, within_s: float = math.inf) -> Result:
    """Run a scenario on an empty database, to its end or until ``within_s`` real seconds are over."""
    clock, gauge = SimulatedClock(scenario.start), Gauge(database)
    inventory, world = scenario.inventory(), World(scenario, clock, gauge)
    people = People(database, inventory, scenario, clock, gauge)
    size, began = size_of(database), time.monotonic()
    coordinator = Coordinator(database, inventory, world, clock)
    result = Result(database.engine.dialect.name, scenario)
    end_s = 3600 * (scenario.hours + scenario.drain_hours)
    next_look = 3600 * scenario.hours
    with gauge.of_parts():
        world.begin()
        people.begin()
        while clock.seconds < end_s and time.monotonic() - began < within_s:
            with gauge.counting(REST):
                coordinator.step(scenario.turn_s)
            result.turns += 1
            if people.done and clock.seconds >= next_look:
                next_look = clock.seconds + LOOK_EVERY_S
                with gauge.not_counted():
                    if not _open_jobs(database):
                        break
    result.hours, result.real_s = clock.seconds / 3600, time.monotonic() - began
    result.costs, result.total = gauge.costs, gauge.total
    result.commits, result.bundles, result.superseded = people.commits, people.entered, people.superseded
    result.messages, result.trouble = world.messages, world.trouble
    result.most_attempts, result.most_results = world.most_attempts, world.most_results
    result.busy_share = world.busy_s / (clock.seconds * scenario.device_types * scenario.units)
    result.size_bytes = size_of(database) - size
    count(database, result)
    return result


def size_of(database: Database) -> int:
    """Bytes that the database takes on disk, once what was written ahead is in it."""
    with database.engine.connect() as connection:
        if database.engine.dialect.name == "sqlite":
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return Path(str(make_url(database.url).database)).stat().st_size
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def _open_jobs(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Job).where(Job.state.in_(OPEN_JOBS))) or 0


def count(database: Database, result: Result) -> None:
    """What the rows say became of the jobs, whatever the simulation thinks that it did."""
    with database.read() as session:
        result.jobs = Counter(dict(map(tuple, session.execute(select(Job.state, func.count()).group_by(Job.state)))))
        result.left = sum(result.jobs[state] for state in OPEN_JOBS)
        result.attempts = session.scalar(select(func.count()).select_from(Attempt)) or 0
        reports = Counter(session.scalars(select(Event.subject).where(Event.kind == "reported")))
        result.reports = len(reports)
        result.doubled = sum(number - 1 for number in reports.values())
        cases = select(func.count()).select_from(CaseResult).group_by(CaseResult.attempt_id, CaseResult.sample)
        result.doubled += sum(number - 1 for number in session.scalars(cases))
        result.lost = _lost(session)
        # Whatever was asked of a device type and is no job of its own was inherited, or was open already.
        result.inherited = result.bundles * result.scenario.device_types - sum(result.jobs.values())
        sent = session.execute(
            select(Job.priority, Job.created, Attempt.dispatched, Attempt.finished)
            .join(Attempt, Attempt.job_id == Job.id)
            .where(Attempt.n == 1)
        ).all()
    result.ages = _ages([(row[0], (row[2] - row[1]).total_seconds()) for row in sent], result.scenario.architectures)
    by_minute = Counter(int((row[3] - result.scenario.start).total_seconds() // 60) for row in sent if row[3])
    result.busiest_per_s = max(by_minute.values(), default=0) / 60


def _lost(session: Session) -> int:
    """Jobs that are done and have no verdict, and jobs that are under way without an attempt that is."""
    judged = select(Verdict.bundle).where(
        Verdict.bundle == Job.bundle, Verdict.device_type_id == Job.device_type_id, Verdict.policy == Job.policy
    )
    under_way = select(Attempt.id).where(Attempt.job_id == Job.id, Attempt.state.in_(OPEN_ATTEMPTS))
    unjudged = (Job.state == JobState.DONE) & ~judged.exists()
    forgotten = Job.state.in_((JobState.DISPATCHED, JobState.RUNNING)) & ~under_way.exists()
    return session.scalar(select(func.count()).select_from(Job).where(unjudged | forgotten)) or 0


def _ages(waited: Sequence[tuple[int, float]], architectures: int) -> dict[str, Age]:
    by_class: defaultdict[str, list[float]] = defaultdict(list)
    for priority, seconds in waited:
        share = next(share for share in CLASSES if priority < share * architectures)
        by_class[f"first {share:.0%}" if share < 1 else "the others"].append(seconds)
    return {
        name: Age(statistics.median(ages), sorted(ages)[int(0.95 * (len(ages) - 1))], len(ages))
        for name, ages in sorted(by_class.items())
    }
