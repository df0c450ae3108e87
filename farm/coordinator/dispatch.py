"""Sending jobs: a small window of attempts on the wire for each unit, in the order of their turns, a lease on every one.

The attempt is committed before its message is sent. A coordinator that dies in between leaves an attempt whose lease runs out;
one that dies after sending leaves a message whose report is merged as ever.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from farm.clock import utc_now
from farm.coordinator import moves
from farm.coordinator.leases import WINDOW, lease_margin_s, lease_s
from farm.coordinator.performance import known_performance
from farm.coordinator.presence import workers
from farm.coordinator.siblings import open_attempts, sibling
from farm.coordinator.stacks import present_stacks
from farm.coordinator.states import OPEN_ATTEMPTS, AttemptState, JobState
from farm.coordinator.waiting import next_jobs
from farm.database.engine import Database, keep_loaded
from farm.database.models import Attempt, Bundle, Device, DeviceType, Job
from farm.database.models import Policy as PolicyRow
from farm.errors import InfrastructureError
from farm.failpoints import failpoint
from farm.inventory import Inventory
from farm.protocol import AttemptMessage, Limits, new_token
from farm.wires import Sender
from workers.policy import Policy


def dispatch(
    database: Database, inventory: Inventory, wire: Sender, now: datetime | None = None, *, attended: bool = False
) -> int:
    """Fill the window of every device type; returns the number of messages sent.

    Where units are ``attended``, they send heartbeats, and the window is of those that are there and take attempts.

    Raises:
        InfrastructureError: the broker or the database cannot be used; what could not be sent is queued again.
    """
    at = now or utc_now()
    sent = 0
    for name, device in inventory.devices.items():
        # In turn: of two coordinators that count what is on the wire at the same time, each would fill the window.
        with database.write(in_turn=True) as session:
            keep_loaded(session)
            units = workers(session, name, device.units, at) if attended else device.units
            messages = _take(session, inventory, name, units, at, attended)
        failpoint("dispatch.committed")
        for place, (message, unit) in enumerate(messages):
            try:
                wire.send(message, unit) if unit else wire.send(message)
            except InfrastructureError:
                _take_back(database, [unsent for unsent, _ in messages[place:]], at)
                raise
            failpoint("dispatch.sent")
            sent += 1
    return sent


def _take(
    session: Session, inventory: Inventory, name: str, units: int, now: datetime, attended: bool
) -> list[tuple[AttemptMessage, str | None]]:
    """Messages to send, each with the unit that it is for, ``None`` where any of the type may take it."""
    device = inventory.device(name)
    on_the_wire = session.scalar(
        select(func.count())
        .select_from(Attempt)
        .join(Job)
        .join(DeviceType)
        .where(DeviceType.name == name, Attempt.state.in_(OPEN_ATTEMPTS))
    )
    room = WINDOW * units - (on_the_wire or 0)
    if room <= 0:
        return []
    margin_s, messages = lease_margin_s(inventory), []
    for place, job in enumerate(_jobs(session, next_jobs(session, name, room))):
        if not moves.move_job(session, job.id, (JobState.QUEUED,), JobState.DISPATCHED, now):
            continue
        one = sibling(session, job, now) if attended else None
        at = now + timedelta(microseconds=place)  # so that the order can be told afterwards
        messages.append((_attempt(session, job, device.units, at, margin_s, one), one.unit if one else None))
    return messages


def _jobs(session: Session, ids: Sequence[int]) -> list[Job]:
    """Jobs in this order, with what is looked at for each."""
    if not ids:
        return []
    shown = joinedload(Job.device_type), joinedload(Job.architecture), selectinload(Job.attempts)
    rows = {job.id: job for job in session.scalars(select(Job).where(Job.id.in_(ids)).options(*shown))}
    return [rows[job] for job in ids]


def _attempt(
    session: Session, job: Job, units: int, now: datetime, margin_s: float, one: Device | None
) -> AttemptMessage:
    device_type, bundle, policy = (
        job.device_type,
        session.get_one(Bundle, job.bundle),
        session.get_one(PolicyRow, job.policy),
    )
    known = None
    if not job.measure:
        present = present_stacks(session, device_type.id, units)
        known = known_performance(session, job, bundle, present)
    limits = Limits(float(device_type.limits["time_s"]), int(device_type.limits["memory_mib"]) << 20)
    # One unit alone may have more before it than its share of the window: what others failed is confirmed there.
    waiting = WINDOW - 1 if one is None else max(WINDOW - 1, open_attempts(session, one))
    attempt = Attempt(
        id=uuid.uuid4().hex,
        job_id=job.id,
        n=1 + max((earlier.n for earlier in job.attempts), default=0),
        token=new_token(),
        nonce=new_token(),
        state=AttemptState.DISPATCHED,
        dispatched=now,
        lease_until=now + timedelta(seconds=lease_s(limits.time_s, margin_s, waiting=waiting)),
        performance=known.id if known else None,
        addressed_id=one.id if one else None,
    )
    session.add(attempt)
    session.flush()
    return AttemptMessage(
        attempt=attempt.id,
        token=attempt.token,
        nonce=attempt.nonce,
        architecture=job.architecture.key,
        bundle=bundle.identity,
        manifest=bundle.manifest,
        device_type=device_type.name,
        driver=device_type.driver,
        profile=device_type.profile,
        policy=Policy.from_json(policy.body),
        limits=limits,
        measured_stack=known.stack if known else None,
    )


def _take_back(database: Database, unsent: Sequence[AttemptMessage], now: datetime) -> None:
    """Forget attempts whose messages were not sent.

    The broker may have taken the one that failed, and only its answer was lost: a unit that has said something of an attempt
    meanwhile has it.
    """
    with database.write(in_turn=True) as session:
        for message in unsent:
            attempt = session.get_one(Attempt, message.attempt)
            if attempt.state != AttemptState.DISPATCHED:
                continue
            moves.move_job(session, attempt.job_id, (JobState.DISPATCHED,), JobState.QUEUED, now)
            session.delete(attempt)
