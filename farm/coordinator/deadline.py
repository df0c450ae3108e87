"""The end of jobs that have waited longer than the inventory's deadline for units that cannot take them.

A busy device type drops nothing: there, and where the coordinator or the broker is what one waits for, a job waits for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from farm.coordinator import moves
from farm.coordinator.situations import Situations
from farm.database.engine import Database
from farm.database.models import DeviceType, Job
from farm.database.records import record_event
from farm.inventory import Inventory
from farm.states.jobs import JobState
from farm.states.wait_reason import WaitReason, notes, wait_reason

#: Waiting longer changes nothing: only a keeper of units, or of the inventory, can.
HOPELESS = frozenset({WaitReason.NO_SUCH_DEVICE, WaitReason.ALL_OFFLINE, WaitReason.ALL_UNHEALTHY, WaitReason.DRAINING})
#: How long a coordinator listens before it believes that nobody is there.
SETTLE = timedelta(minutes=10)
DAY = timedelta(days=1)


def expire(database: Database, inventory: Inventory, now: datetime, *, attended: bool) -> int:
    """Cancel what has been queued for longer than the deadline and could not be taken; how many jobs that were."""
    deadline = inventory.queue.deadline
    if deadline is None:
        return 0
    waited = (Job.state == JobState.QUEUED) & (Job.since < now - deadline)
    # Asked by device type: along the index of what is queued, and not of all jobs that ever were.
    types = select(DeviceType).where(select(Job.id).where(Job.device_type_id == DeviceType.id, waited).exists())
    with database.read() as session:
        if session.scalar(types.limit(1)) is None:
            return 0  # as most often, and then nobody is kept waiting
    ended = 0
    with database.write(in_turn=True) as session:
        situations = Situations(session, inventory, now, attended=attended)
        for device_type in session.scalars(types).all():
            situation = situations.of(device_type.name)
            reason = wait_reason(situation)
            if reason not in HOPELESS:
                continue
            said = notes(situation.units)
            why = f"waited {deadline / DAY:g} days in vain: {reason}{f' ({said})' if said else ''}"
            for job in session.scalars(select(Job.id).where(Job.device_type_id == device_type.id, waited)).all():
                if moves.move_job(session, job, (JobState.QUEUED,), JobState.CANCELLED, now, why):
                    record_event(session, "expired", str(job), now, why=why)
                    ended += 1
    return ended
