"""What the attempts on a unit say of the unit itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from farm.database.models import Attempt, Device
from farm.database.models.base import table_of
from farm.database.statements import Statement, put
from farm.states.health import Change, Condition, Health, after
from farm.states.verdict import TELLING, Facts, gainsaid
from farm.units.care import change_health
from workers.outcome import Cause, Group, Outcome

_HEARD = Statement(
    update(table_of(Device))
    .where(Device.id == bindparam("device"))
    .values(
        last_seen=bindparam("seen"),
        probation=bindparam("left"),
        jobs=Device.jobs + bindparam("ended", type_=Device.jobs.type),
    )
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """An attempt that ended with an infrastructure error on a unit, and how."""

    attempt: str
    how: str
    at: datetime


@dataclass(slots=True)
class Conduct:
    """What a batch of messages says of one unit: ``ended`` attempts, and what troubled it.

    ``name`` is the unit's, ``probation`` as in :class:`farm.states.health.Condition`.
    """

    device_id: int
    name: str
    health: Health
    probation: int
    seen: datetime
    ended: int = 0
    troubles: list[Trouble] = field(default_factory=list)


def note_report(unit: Conduct, attempt: str, outcome: Outcome, message: str, now: datetime) -> None:
    """Note what a reported attempt says of the unit that ran it: an infrastructure error means that it must be checked."""
    unit.ended += 1
    if outcome.group is Group.INFRA:
        unit.troubles.append(Trouble(attempt, f"{outcome}: {message}", now))
    elif outcome.group in TELLING and outcome.group is not Group.PRODUCT:
        unit.probation = after(Condition(unit.health, unit.probation), Change.SOUND).probation


def enter_conduct(session: Session, units: Collection[Conduct]) -> None:
    """Enter what was noted of units."""
    rows = [{"device": u.device_id, "seen": u.seen, "left": u.probation, "ended": u.ended} for u in units]
    put(session, _HEARD, rows)
    for unit in units:
        for trouble in unit.troubles:
            device = session.get_one(Device, unit.device_id)
            change_health(session, device, Change.TROUBLED, trouble.how, trouble.at, attempt=trouble.attempt)


def note_loss(session: Session, attempt: Attempt, now: datetime) -> None:
    """Enter that an attempt was lost on the unit that had begun it."""
    if attempt.device is not None:
        reason = f"attempt {attempt.n} of job {attempt.job_id} was lost on it"
        change_health(session, attempt.device, Change.TROUBLED, reason, now, attempt=attempt.id)


def suspect(session: Session, reported: Sequence[tuple[str, Facts]], now: datetime) -> None:
    """Suspect the units that stand alone with their failures, once for each attempt.

    ``reported`` are the attempts on one bundle and one stack, by id. The failure is put down to the unit: it says nothing of
    the product. An attempt that was judged again tells that of its own, but is no news of the unit.
    """
    for position in sorted(gainsaid([facts for _, facts in reported])):
        attempt = session.get_one(Attempt, reported[position][0])
        if attempt.cause == Cause.DEVICE_UNIT or attempt.device is None:
            continue
        attempt.cause = Cause.DEVICE_UNIT
        if attempt.rejudged is not None:
            continue
        passed = session.get_one(Attempt, next(id for id, facts in reported if facts.outcome.group is Group.GOOD))
        other = passed.device.unit if passed.device else "another unit"
        reason = f"{attempt.outcome} on {attempt.job.architecture.key}, which {other} passes"
        change_health(session, attempt.device, Change.SUSPECTED, reason, now, attempt=attempt.id)
    session.flush()


def facts_of(attempt: Attempt) -> Facts:
    """What a reported attempt says."""
    return Facts(
        Outcome(attempt.outcome or Outcome.HARNESS_ERROR),
        Cause(attempt.cause or Cause.UNKNOWN),
        tuple(Outcome(case.outcome) for case in attempt.cases),
        attempt.device_id,
    )
