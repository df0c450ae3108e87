"""What the attempts on a unit say of the unit itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from farm.coordinator.care import change_health
from farm.coordinator.health import Change, Condition, Health, after
from farm.coordinator.verdict import TELLING, Facts, gainsaid
from farm.database.models import Attempt
from workers.outcome import Cause, Group, Outcome


def note_report(session: Session, attempt: Attempt, now: datetime) -> None:
    """Enter what a reported attempt says of the unit that ran it: an infrastructure error means that it must be checked."""
    device, group = attempt.device, Outcome(attempt.outcome or Outcome.HARNESS_ERROR).group
    if device is None:
        return
    device.jobs += 1
    if group is Group.INFRA:
        change_health(
            session, device, Change.TROUBLED, f"{attempt.outcome}: {attempt.message}", now, attempt=attempt.id
        )
    elif group in TELLING and group is not Group.PRODUCT:
        device.probation = after(Condition(Health(device.health), device.probation), Change.SOUND).probation


def note_loss(session: Session, attempt: Attempt, now: datetime) -> None:
    """Enter that an attempt was lost on the unit that had begun it."""
    if attempt.device is not None:
        reason = f"attempt {attempt.n} of job {attempt.job_id} was lost on it"
        change_health(session, attempt.device, Change.TROUBLED, reason, now, attempt=attempt.id)


def suspect(session: Session, stacks: Iterable[Sequence[tuple[Attempt, Facts]]], now: datetime) -> None:
    """Suspect the units that stand alone with their failures, once for each attempt.

    ``stacks`` are the reported attempts on one bundle, those of one stack together. The failure is put down to the unit:
    it says nothing of the product. An attempt that was judged again tells that of its own, but is no news of the unit.
    """
    for reported in stacks:
        for position in sorted(gainsaid([facts for _, facts in reported])):
            attempt = reported[position][0]
            if attempt.cause == Cause.DEVICE_UNIT or attempt.device is None:
                continue
            attempt.cause = Cause.DEVICE_UNIT
            if attempt.rejudged is not None:
                continue
            passed = next(a for a, facts in reported if facts.outcome.group is Group.GOOD)
            other = passed.device.unit if passed.device else "another unit"
            reason = f"{attempt.outcome} on {attempt.job.architecture.key}, which {other} passes"
            change_health(session, attempt.device, Change.SUSPECTED, reason, now, attempt=attempt.id)
