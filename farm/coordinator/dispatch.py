"""Sending jobs: a small window of attempts on the wire for each unit, in the order of their turns, a lease on every one.

The attempt is committed before its message is sent. A coordinator that dies in between leaves an attempt whose lease runs out;
one that dies after sending leaves a message whose report is merged as ever.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.clock import utc_now
from farm.coordinator import moves
from farm.coordinator.order import TURN, Waiting, in_turn
from farm.coordinator.performance import known_performance
from farm.coordinator.records import record_event
from farm.coordinator.stacks import present_stacks
from farm.coordinator.states import OPEN_ATTEMPTS, AttemptState, JobState, after_loss
from farm.database.engine import Database
from farm.database.models import Attempt, Bundle, DeviceType, Job, Submission
from farm.database.models import Policy as PolicyRow
from farm.errors import InfrastructureError
from farm.inventory import Inventory
from farm.protocol import AttemptMessage, Limits, new_token
from farm.wires import Sender
from workers.policy import Policy


def dispatch(database: Database, inventory: Inventory, wire: Sender, now: datetime | None = None) -> int:
    """Fill the window of every device type; returns the number of messages sent."""
    at = now or utc_now()
    sent = 0
    for name in inventory.devices:
        with database.write() as session:
            messages = _take(session, inventory, name, at)
        for message in messages:
            try:
                wire.send(message)
            except InfrastructureError:
                # Nothing left this process: the attempt never was.
                for unsent in messages[messages.index(message) :]:
                    _take_back(database, unsent)
                raise
            sent += 1
    return sent


def sweep(database: Database, now: datetime | None = None) -> int:
    """Give up attempts whose lease has run out; returns how many."""
    at = now or utc_now()
    with database.write() as session:
        expired = session.scalars(
            select(Attempt).where(Attempt.state.in_(OPEN_ATTEMPTS), Attempt.lease_until < at)
        ).all()
        for attempt in expired:
            attempt.state = AttemptState.LOST
            attempt.finished = at
            session.flush()
            _after_loss(session, attempt, at)
    return len(expired)


def _take(session: Session, inventory: Inventory, name: str, now: datetime) -> list[AttemptMessage]:
    device = inventory.device(name)
    on_the_wire = session.scalar(
        select(func.count())
        .select_from(Attempt)
        .join(Job)
        .join(DeviceType)
        .where(DeviceType.name == name, Attempt.state.in_(OPEN_ATTEMPTS))
    )
    room = moves.WINDOW * device.units - (on_the_wire or 0)
    if room <= 0:
        return []
    jobs = [session.get_one(Job, job) for job in _next_jobs(session, name, room)]
    return [
        _attempt(
            session, job, device.units, now + timedelta(microseconds=place)
        )  # so that the order can be told afterwards
        for place, job in enumerate(jobs)
        if moves.move_job(session, job.id, (JobState.QUEUED,), JobState.DISPATCHED)
    ]


def _next_jobs(session: Session, name: str, room: int) -> list[int]:
    """Ids of the queued jobs whose turn it is on a device type."""
    waiting = (
        select(Job.id, Submission.created)
        .join(DeviceType, Job.device_type_id == DeviceType.id)
        .join(Submission, Job.submission_id == Submission.id)
        .where(Job.state == JobState.QUEUED, DeviceType.name == name)
        .limit(room)
    )
    urgent = [Waiting(*row) for row in session.execute(waiting.order_by(Job.priority, Job.id))]
    if not urgent:
        return []
    oldest = [
        Waiting(*row) for row in session.execute(waiting.order_by(Submission.created, Job.priority, Job.id))
    ]  # fmt: skip
    begun = (
        select(Submission.created)
        .select_from(Attempt)
        .join(Job, Attempt.job_id == Job.id)
        .join(DeviceType, Job.device_type_id == DeviceType.id)
        .join(Submission, Job.submission_id == Submission.id)
        .where(DeviceType.name == name)
        .order_by(Attempt.dispatched.desc())
        .limit(TURN - 1)
    )
    return in_turn(urgent, oldest, session.scalars(begun).all(), room)


def _attempt(session: Session, job: Job, units: int, now: datetime) -> AttemptMessage:
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
    attempt = Attempt(
        id=uuid.uuid4().hex,
        job_id=job.id,
        n=1 + (session.scalar(select(func.max(Attempt.n)).where(Attempt.job_id == job.id)) or 0),
        token=new_token(),
        nonce=new_token(),
        state=AttemptState.DISPATCHED,
        dispatched=now,
        lease_until=now + timedelta(seconds=moves.lease_s(limits.time_s, waiting=moves.WINDOW - 1)),
        performance=known.id if known else None,
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


def _take_back(database: Database, message: AttemptMessage) -> None:
    with database.write() as session:
        attempt = session.get_one(Attempt, message.attempt)
        moves.move_job(session, attempt.job_id, (JobState.DISPATCHED,), JobState.QUEUED)
        session.delete(attempt)


def _after_loss(session: Session, attempt: Attempt, now: datetime) -> None:
    states = [a.state for a in attempt.job.attempts]
    if any(state in OPEN_ATTEMPTS for state in states):
        return
    target = after_loss(states.count(AttemptState.LOST))
    moved = moves.move_job(session, attempt.job_id, (JobState.DISPATCHED, JobState.RUNNING), target)
    record_event(session, "lost", attempt.id, now, job=attempt.job_id, then=target if moved else "nothing")
