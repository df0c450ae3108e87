"""What the old and the new bundle do before and after what changed on the device, and jobs for what nobody knows of it yet.

The four are read from what attempts observed, whoever wanted those. Where the old bundle passed on an earlier stack, the sides
are that one and the stack of the failure. Where it did not, and a single unit fails while another one passed the old bundle,
they are these two units. Else there is one side alone: the device is as it was.

At most the two cells that are missing are asked for, once for each regression, of units that have the stack or are the unit;
what nobody can run any more stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database import models as db
from farm.regressions.cause import Axis, Result, Square
from farm.regressions.readings import FAILING, CellKey
from farm.states.jobs import OPEN_JOBS, AttemptState, JobState
from farm.states.verdict import Verdict
from farm.units.presence import is_at_work
from workers.outcome import Group, Outcome


@dataclass(frozen=True, slots=True)
class Side:
    """Before or after the change: a stack, and of units that are told apart one of them."""

    stack: str
    unit: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One of the four: what a bundle does on a side, and the attempt that says so."""

    bundle: str
    side: Side
    result: Result
    attempt: str | None


class _Run(NamedTuple):
    """What one attempt says."""

    attempt: str
    bundle: str
    unit: int | None
    group: Group


@dataclass(frozen=True, slots=True)
class Evidence:
    """The four, the old bundle first, before first; of one side alone there are two."""

    axis: Axis
    places: tuple[Place, ...]

    @property
    def square(self) -> Square:
        """What the table of causes asks for."""
        if self.axis is Axis.NONE:
            return Square(self.axis)
        return Square(self.axis, self.places[1].result, self.places[2].result)

    def document(self) -> dict[str, Any]:
        """As the row of a regression keeps it."""
        return {
            "axis": self.axis.value,
            "places": [
                {
                    "bundle": place.bundle,
                    "stack": place.side.stack,
                    "unit": place.side.unit,
                    "result": place.result.value,
                    "attempt": place.attempt,
                }
                for place in self.places
            ],
        }


def collect(session: Session, key: CellKey, old: str, new: str, before: str, after: str) -> Evidence:
    """Read the four of two bundles, of which ``old`` passed on the stack ``before`` and ``new`` fails on ``after``."""
    if before != after:
        sides = Side(before), Side(after)
        verdicts = _verdicts(session, key, {old, new})
        places = [_of_stack(bundle, side, verdicts) for bundle in (old, new) for side in sides]
        return Evidence(Axis.STACK, tuple(places))
    runs = _runs(session, key, {old, new}, after)
    failing = {run.unit for run in runs if run.bundle == new and run.group is Group.PRODUCT}
    others = {run.unit for run in runs if run.bundle == old and run.group is Group.GOOD} - failing
    known = sorted(unit for unit in others if unit is not None)
    if old != new and len(failing) == 1 and known and None not in failing:
        units = Side(after, known[0]), Side(after, next(iter(failing)))
        places = [_of_unit(bundle, side, runs) for bundle in (old, new) for side in units]
        return Evidence(Axis.UNIT, tuple(places))
    one = Side(after)
    verdicts = _verdicts(session, key, {old, new})
    return Evidence(Axis.NONE, tuple(_of_stack(bundle, one, verdicts) for bundle in (old, new)))


def ask(session: Session, key: CellKey, evidence: Evidence, template: db.Job, why: str, now: datetime) -> int:
    """Queue jobs for what is unknown, as urgent as the job that failed (``template``); how many."""
    if evidence.axis is Axis.NONE:
        return 0
    asked = 0
    for place in (evidence.places[1], evidence.places[2]):
        unit = _unit(session, key, place.side, now) if place.result is Result.UNKNOWN else None
        if unit is None or place.attempt is not None or not _can_be_run(session, key, place.bundle):
            continue
        session.add(
            db.Job(
                submission_id=template.submission_id,
                bundle=place.bundle,
                architecture_id=template.architecture_id,
                device_type_id=key.device_type_id,
                policy=key.policy,
                state=JobState.QUEUED,
                priority=template.priority,
                created=now,
                since=now,
                reason=why,
                addressed_id=unit,
            )
        )
        session.flush()
        asked += 1
    return asked


def _can_be_run(session: Session, key: CellKey, bundle: str) -> bool:
    """Whether its artifacts are there, and no job is at it."""
    open_job = select(db.Job.id).where(
        db.Job.bundle == bundle,
        db.Job.device_type_id == key.device_type_id,
        db.Job.policy == key.policy,
        db.Job.state.in_(OPEN_JOBS),
    )
    return session.get_one(db.Bundle, bundle).collected is None and session.scalar(open_job) is None


def _unit(session: Session, key: CellKey, side: Side, now: datetime) -> int | None:
    """A unit of a side that may run something now. Of one that sends no heartbeats, nothing says that it is away."""
    query = (
        select(db.Device)
        .join(db.UnitStack, db.UnitStack.device_id == db.Device.id)
        .where(db.UnitStack.device_type_id == key.device_type_id, db.UnitStack.stack == side.stack)
        .order_by(db.UnitStack.seen.desc(), db.Device.id)
    )
    if side.unit is not None:
        query = query.where(db.Device.id == side.unit)
    units = [device for device in session.scalars(query) if device.heartbeat is None or is_at_work(device, now)]
    return units[0].id if units else None


def _runs(session: Session, key: CellKey, bundles: set[str], stack: str) -> list[_Run]:
    """What was reported of bundles on a stack, oldest first."""
    query = (
        select(db.Attempt.id, db.Job.bundle, db.Attempt.device_id, db.Attempt.outcome)
        .join(db.Attempt.job)
        .where(
            db.Job.bundle.in_(bundles),
            db.Job.device_type_id == key.device_type_id,
            db.Job.policy == key.policy,
            db.Attempt.state == AttemptState.REPORTED,
            db.Attempt.stack == stack,
        )
        .order_by(db.Attempt.finished, db.Attempt.id)
    )
    return [_Run(i, b, unit, Outcome(outcome).group) for i, b, unit, outcome in session.execute(query) if outcome]


def _verdicts(session: Session, key: CellKey, bundles: set[str]) -> dict[tuple[str, str], tuple[Verdict, str]]:
    """Verdict and attempt that it quotes, by bundle and stack."""
    query = select(db.Verdict.bundle, db.Verdict.stack, db.Verdict.verdict, db.Verdict.attempt_id).where(
        db.Verdict.bundle.in_(bundles),
        db.Verdict.device_type_id == key.device_type_id,
        db.Verdict.policy == key.policy,
    )
    return {(b, stack): (Verdict(verdict), attempt) for b, stack, verdict, attempt in session.execute(query)}


def _of_stack(bundle: str, side: Side, verdicts: Mapping[tuple[str, str], tuple[Verdict, str]]) -> Place:
    verdict, attempt = verdicts.get((bundle, side.stack), (None, None))
    result = Result.PASSES if verdict is Verdict.SUPPORTED else Result.FAILS if verdict in FAILING else Result.UNKNOWN
    return Place(bundle, side, result, attempt)


def _of_unit(bundle: str, side: Side, runs: Sequence[_Run]) -> Place:
    own = [run for run in runs if run.bundle == bundle and run.unit == side.unit]
    passed = [run for run in own if run.group is Group.GOOD]
    failed = [run for run in own if run.group is Group.PRODUCT]
    if passed and failed:
        return Place(bundle, side, Result.UNKNOWN, failed[-1].attempt)
    if passed or failed:
        return Place(bundle, side, Result.PASSES if passed else Result.FAILS, (passed or failed)[-1].attempt)
    return Place(bundle, side, Result.UNKNOWN, None)
