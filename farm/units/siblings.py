"""Which unit is to run again what another one failed: one like it, so that a unit's own failure is told from the product's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from farm.database.models import Attempt, Device, Job, UnitStack
from farm.states.jobs import OPEN_ATTEMPTS, AttemptState
from farm.units.presence import is_at_work
from workers.outcome import Group, Outcome


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that takes attempts: the stack it has, as far as it is known, and how many attempts it has already."""

    id: int
    stack: str | None = None
    load: int = 0


def choose(candidates: Sequence[Candidate], tried: Collection[int], stack: str | None) -> int | None:
    """The unit with least to do that has not tried it, and has that ``stack`` where one is given; ``None``: there is none."""
    fit = [unit for unit in candidates if unit.id not in tried and stack in (None, unit.stack)]
    return min(fit, key=lambda unit: (unit.load, unit.id)).id if fit else None


def sibling(session: Session, job: Job, now: datetime) -> Device | None:
    """The unit that is to run a job again which others failed; ``None`` for a first run, and where any may take it.

    A first run is for the unit that the job is addressed to, as long as that takes attempts. A failure of the product is to be
    confirmed on the same stack: on another one, it would say nothing of this. From an infrastructure error any other unit does.
    """
    failed = [a for a in job.attempts if a.state == AttemptState.REPORTED and _group(a) in (Group.PRODUCT, Group.INFRA)]
    if not failed:
        addressed = session.get(Device, job.addressed_id) if job.addressed_id is not None else None
        return addressed if addressed is not None and is_at_work(addressed, now) else None
    tried = {a.device_id for a in failed if a.device_id is not None}
    stack = failed[-1].stack if _group(failed[-1]) is Group.PRODUCT else None
    chosen = choose(_candidates(session, job, now), tried, stack)
    return session.get(Device, chosen) if chosen is not None else None


def _candidates(session: Session, job: Job, now: datetime) -> list[Candidate]:
    devices = session.scalars(select(Device).where(Device.device_type == job.device_type.name)).all()
    stacks: dict[int, str] = {
        row.device_id: row.stack
        for row in session.scalars(select(UnitStack).where(UnitStack.device_type_id == job.device_type_id))
    }
    return [Candidate(d.id, stacks.get(d.id), open_attempts(session, d)) for d in devices if is_at_work(d, now)]


def open_attempts(session: Session, device: Device) -> int:
    """How many attempts a unit has begun, or has been sent alone."""
    own = or_(Attempt.addressed_id == device.id, Attempt.device_id == device.id)
    return session.scalar(select(func.count()).where(Attempt.state.in_(OPEN_ATTEMPTS), own)) or 0


def _group(attempt: Attempt) -> Group:
    return Outcome(attempt.outcome or Outcome.HARNESS_ERROR).group
