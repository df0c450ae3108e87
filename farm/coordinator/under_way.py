"""How many attempts are on the wire or on a unit, by device type."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.database.models import Attempt, DeviceType, Job
from farm.database.statements import Answer, Statement, ask
from farm.states.jobs import OPEN_ATTEMPTS

_UNDER_WAY = Statement(
    select(DeviceType.name, func.count().label("attempts"))
    .select_from(Attempt)
    .join(Job, Attempt.job_id == Job.id)
    .join(DeviceType, Job.device_type_id == DeviceType.id)
    .where(Attempt.state.in_(OPEN_ATTEMPTS))
    .group_by(DeviceType.name)
)


def ask_under_way(session: Session) -> Answer:
    """Ask for it, for :func:`under_way`."""
    return ask(session, _UNDER_WAY)


def under_way(asked: Answer) -> dict[str, int]:
    """The numbers; of a device type that is not among them there is none."""
    return {row.name: row.attempts for row in asked.rows}
