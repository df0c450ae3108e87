"""The three measurements of a farm: a whole submission, one line changed, one worker and two."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from benchmarks.farm.accounting import UNSEEN, Accounting
from benchmarks.farm.processes import Command, Services, Spent, services, sound_units
from benchmarks.farm.repository import DEVICES, Clone
from benchmarks.farm.stages import critical, replaying_s
from farm.clock import utc_now
from farm.database.engine import Database, open_database
from farm.database.models import Conversion, Job, Verdict
from farm.states.jobs import JobState

#: What two workers should give over one.
GOAL = 1.7
TIMEOUT_S = 4 * 3600
ALONE = "simulated"
ROLES = ("replay", "converter", "coordinator", "host", "broker", "submit", UNSEEN)


@dataclass(frozen=True, slots=True)
class Round:
    """All jobs once, with so many workers: from the first message to the last report, and what the services took."""

    jobs: int
    wall_s: float
    cpu_s: float
    replay_cpu_s: float


def local(folder: Path, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Rows of the local wire: one command does it all, in child processes."""
    clone = Clone.make(folder / "local")
    environment, log = clone.environment({}), folder / "local.log"
    command = Command(clone.command("submit", *_what(names)), clone.root, environment, log)
    root = command.start()
    with Accounting(lambda: {root: "coordinator"}) as accounting:
        spent = command.wait()
    yield _whole(clone, "local", spent, accounting.seconds(spent.cpu_s))
    yield _change(clone, "local", environment, log)


def celery(folder: Path, names: Sequence[str], redis_binary: str) -> Iterator[dict[str, Any]]:
    """Rows of a farm of services on a real Redis: the same submission and change, then one worker and two."""
    clone = Clone.make(folder / "celery")
    open_database(clone.database_url).close()
    with services(clone, redis_binary, folder / "farm") as farm:
        farm.start_farm("coordinator", "--no-convert")
        farm.start_farm("converter")
        for device in DEVICES:
            farm.start_host(device)
        farm.ready(len(DEVICES))
        environment, log = clone.environment({"FARM_BROKER_URL": farm.broker}), folder / "celery.log"
        spent, by_role = _submit(clone, farm, log, *_what(names))
        yield _whole(clone, "celery", spent, by_role)
        yield _change(clone, "celery", environment, log)
    yield _scaling(clone, names, redis_binary, folder)


def _scaling(clone: Clone, names: Sequence[str], redis_binary: str, folder: Path) -> dict[str, Any]:
    """Run again all that is known on one device type, of one unit and then of two: nothing is converted."""
    clone.declare((ALONE,), units=2)
    what = (*_what(names), "--commit", "HEAD~1", "--reprove", "all")
    rounds = []
    with services(clone, redis_binary, folder / "scaling") as farm:
        farm.start_farm("coordinator", "--no-convert")
        known = sound_units(clone)
        for number in (1, 2):
            farm.start_host(ALONE, number)  # another name than in the farm before: a unit of its own
            farm.ready(known + number)
            before = _count(clone, Job)
            _, by_role = _submit(clone, farm, folder / "scaling.log", *what)
            jobs, services_s = _count(clone, Job) - before, sum(by_role.values()) - by_role["submit"]
            rounds.append(Round(jobs, _replaying_s(clone), services_s, by_role.get("replay", 0.0)))
    return scaling_row(*rounds, cores=len(os.sched_getaffinity(0)))


def scaling_row(one: Round, two: Round, *, cores: int) -> dict[str, Any]:
    """One worker beside two; raises ``RuntimeError`` where they did not do the same."""
    if not one.jobs == two.jobs > 0:
        raise RuntimeError(f"{one.jobs} jobs with one worker and {two.jobs} with two cannot be compared")
    return {
        "what": "scaling",
        "jobs": one.jobs,
        "one_s": round(one.wall_s, 2),
        "two_s": round(two.wall_s, 2),
        "ratio": round(one.wall_s / two.wall_s, 3),
        "goal": GOAL,
        "ceiling": round(ceiling(one.wall_s, one.cpu_s, cores), 3),
        "cores": cores,
        "one_cpu_s": round(one.cpu_s, 2),
        "two_cpu_s": round(two.cpu_s, 2),
        "one_replay_cpu_s": round(one.replay_cpu_s, 2),
        "two_replay_cpu_s": round(two.replay_cpu_s, 2),
    }


def ceiling(wall_s: float, cpu_s: float, cores: int) -> float:
    """What two workers could give at best over one that took so long: half the time, or all cores busy with the same work."""
    return wall_s / max(wall_s / 2, cpu_s / cores)


def _submit(clone: Clone, farm: Services, log: Path, *what: str) -> tuple[Spent, dict[str, float]]:
    """Submit to the services and wait; seconds by role."""
    environment = clone.environment({"FARM_BROKER_URL": farm.broker})
    with Accounting(farm.pids) as accounting:
        command = Command(clone.command("submit", *what, "--wait"), clone.root, environment, log)
        command.start()
        spent = command.wait()
    return spent, {**accounting.seconds(), "submit": spent.cpu_s}


def _whole(clone: Clone, wire: str, spent: Spent, by_role: dict[str, float]) -> dict[str, Any]:
    return whole_row(wire, _count(clone, Conversion), _count(clone, Job), _count(clone, Verdict), spent.wall_s, by_role)


def whole_row(
    wire: str, architectures: int, jobs: int, verdicts: int, wall_s: float, by_role: Mapping[str, float]
) -> dict[str, Any]:
    """Processor time by role, and how much of it is replay's."""
    whole = sum(by_role.values())
    return {
        "what": "whole",
        "wire": wire,
        "device_types": len(DEVICES),
        "architectures": architectures,
        "jobs": jobs,
        "verdicts": verdicts,
        "wall_s": round(wall_s, 2),
        "per_minute": round(60 * verdicts / wall_s, 1),
        "cpu_s": round(whole, 2),
        "replay_share": round(by_role.get("replay", 0.0) / whole, 4),
        **{f"{role}_s": round(by_role.get(role, 0.0), 2) for role in ROLES},
    }


def _change(clone: Clone, wire: str, environment: dict[str, str], log: Path) -> dict[str, Any]:
    """Change one line, and submit what that selects."""
    clone.change()
    committed, began = utc_now(), time.monotonic()
    more = ("--wait",) if wire == "celery" else ()
    command = Command(
        clone.command("submit", "--changed-since", "HEAD~1", *more), clone.root, environment, log
    )  # fmt: skip
    command.start()
    command.wait()
    told = time.monotonic() - began
    database = Database(clone.database_url)
    name, stages = critical(database, committed)
    database.close()
    return change_row(wire, name, told, stages)


def change_row(wire: str, architecture: str, told_s: float, stages: Mapping[str, float]) -> dict[str, Any]:
    """Seconds to the last verdict, which was of ``architecture``, and until somebody was told."""
    return {
        "what": "change",
        "wire": wire,
        "architecture": architecture,
        "seconds": round(sum(stages.values()), 2),
        "told_s": round(told_s, 2),
        "stages": {stage: round(seconds, 2) for stage, seconds in stages.items()},
    }


def _replaying_s(clone: Clone) -> float:
    database = Database(clone.database_url)
    found = replaying_s(database)
    database.close()
    return found


def _what(names: Sequence[str]) -> list[str]:
    return [word for name in names for word in ("--name", name)] if names else ["--all"]


def _count(clone: Clone, table: Any) -> int:
    database = Database(clone.database_url)
    with database.read() as session:
        query = select(func.count()).select_from(table)
        if table is Job:
            query = query.where(Job.state == JobState.DONE)
        found = session.scalar(query) or 0
    database.close()
    return found
