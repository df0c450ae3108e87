"""Sending jobs: a small window of attempts on the wire for each unit, in the order of their turns, a lease on every one.

The attempt is committed before its message is sent. A coordinator that dies in between leaves an attempt whose lease runs out;
one that dies after sending leaves a message whose report is merged as ever.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, aliased

from farm.clock import utc_now
from farm.coordinator import moves
from farm.coordinator.under_way import ask_under_way, under_way
from farm.coordinator.waiting import next_jobs
from farm.database.among import among
from farm.database.engine import Database
from farm.database.models import Architecture, Attempt, Bundle, Device, DeviceType, Job, Probe, Verdict
from farm.database.models import Policy as PolicyRow
from farm.database.models.base import table_of
from farm.database.server import by_index
from farm.database.statements import Statement, ask, put
from farm.errors import InfrastructureError
from farm.failpoints import failpoint
from farm.inventory import Inventory
from farm.protocol import AttemptMessage, Limits, new_token
from farm.states.jobs import AttemptState, JobState
from farm.units.leases import lease_margin_s, lease_s
from farm.units.presence import ask_workers, workers
from farm.units.siblings import open_attempts, sibling
from farm.units.stacks import present_stacks
from farm.verdicts.performance import Timed, known_performance
from farm.wires import Addressed, Sender
from workers.policy import Policy

log = logging.getLogger("farm.coordinator")
_first_queued = select(Job.id).where(Job.device_type_id == DeviceType.id, Job.state == JobState.QUEUED).limit(1)
_WAITING = Statement(
    select(DeviceType.name, DeviceType.id).where(
        among(DeviceType.name, "types"), _first_queued.scalar_subquery().is_not(None)
    )
)
_like = aliased(Bundle)
#: Where there is a verdict like this, it is looked whether its latencies will do; most graphs were never timed before.
#: Found by the graph: ``+ 0`` and the limit keep a database from walking through all verdicts of the device type instead.
_timed = (
    select(Verdict.measured_id)
    .join(_like, Verdict.bundle == _like.identity)
    .where(
        _like.graph == Bundle.graph, Verdict.device_type_id + 0 == Job.device_type_id, Verdict.measured_id.is_not(None)
    )
    .limit(1)
    .scalar_subquery()
)
_JOBS = Statement(
    select(
        Job.id, Job.submission_id, Job.bundle, Job.device_type_id, Job.policy, Job.measure, Job.addressed_id,
        DeviceType.name, DeviceType.driver,
        DeviceType.profile, DeviceType.limits, Architecture.key.label("architecture"), Bundle.graph, Bundle.manifest,
        PolicyRow.body, _timed.label("timed"),
        select(Probe.stack).where(Probe.id == Job.probe_id).scalar_subquery().label("probed_stack"),
        select(func.coalesce(func.max(Attempt.n), 0)).where(Attempt.job_id == Job.id).scalar_subquery().label("tries"),
    )
    .join(DeviceType, Job.device_type_id == DeviceType.id)
    .join(Architecture, Job.architecture_id == Architecture.id)
    .join(Bundle, Job.bundle == Bundle.identity)
    .join(PolicyRow, Job.policy == PolicyRow.key)
    .where(among(Job.id, "jobs"))
)  # fmt: skip
_BEGIN = Statement(insert(table_of(Attempt)))


def dispatch(
    database: Database, inventory: Inventory, wire: Sender, now: datetime | None = None, *, attended: bool = False
) -> int:
    """Fill the window of every device type; returns the number of messages sent.

    Where units are ``attended``, they send heartbeats, and the window is of those that are there and take attempts.

    Raises:
        InfrastructureError: the broker or the database cannot be used; what could not be sent is queued again.
    """
    at = now or utc_now()
    with database.read() as session:
        by_index(session)
        if not _room(session, inventory, at, attended=attended):
            return 0  # as most often: then no writer is kept waiting
    # In turn: of two coordinators that count what is on the wire at the same time, each would fill the window.
    with database.write(in_turn=True) as session:
        by_index(session)
        taken = take(session, inventory, at, attended=attended)
    return send(database, wire, taken, at)


def take(session: Session, inventory: Inventory, now: datetime, *, attended: bool) -> list[Addressed]:
    """Begin an attempt of each job for which there is room, in a transaction that has its turn; what is then to be sent."""
    room = _room(session, inventory, now, attended=attended)
    chosen = [job for types, places in room.values() for job in next_jobs(session, types, places)]
    if not chosen:
        return []
    taken_jobs = moves.take_jobs(session, chosen, JobState.QUEUED, JobState.DISPATCHED, now)
    rows = {row.id: row for row in ask(session, _JOBS, {"jobs": chosen}).rows}
    moved = {row.id for row in taken_jobs.rows}
    attempts = _Attempts(session, inventory, now, attended=attended)
    # A moment for each, so that the order can be told afterwards.
    ordered = enumerate(rows[job] for job in chosen if job in moved)
    taken = [attempts.begin(row, now + timedelta(microseconds=place)) for place, row in ordered]
    attempts.write()
    return taken


def send(database: Database, wire: Sender, taken: Sequence[Addressed], now: datetime) -> int:
    """Send what was taken and is committed; raises as :func:`dispatch`."""
    if not taken:
        return 0
    failpoint("dispatch.committed")
    try:
        wire.send_all(taken)
    except InfrastructureError:
        _take_back(database, taken, now)
        raise
    failpoint("dispatch.sent")
    return len(taken)


def _room(session: Session, inventory: Inventory, now: datetime, *, attended: bool) -> dict[str, tuple[list[int], int]]:
    """How many messages more there may be for each device type for which something waits, where there may be any.

    Beside the number are the rows of the type in which it waits, one a configuration.
    """
    asked = ask(session, _WAITING, {"types": inventory.devices})
    on_the_wire, heard = ask_under_way(session), ask_workers(session, inventory.devices)
    waiting: dict[str, list[int]] = {}
    for name, number in asked.rows:
        waiting.setdefault(name, []).append(number)
    units = {name: device.units for name, device in inventory.devices.items() if name in waiting}
    if not units:
        return {}
    if attended:
        units = workers(heard, units, now)
    taken = under_way(on_the_wire)
    window = inventory.queue.window
    room = {name: window * number - taken.get(name, 0) for name, number in units.items()}
    return {name: (waiting[name], places) for name, places in room.items() if places > 0}


class _Attempts:
    """Attempts that are begun in one transaction."""

    def __init__(self, session: Session, inventory: Inventory, now: datetime, *, attended: bool) -> None:
        self._session, self._inventory, self._now, self._attended = session, inventory, now, attended
        self._margin_s = lease_margin_s(inventory)
        self._present: dict[int, tuple[str, ...]] = {}
        self._rows: list[dict[str, Any]] = []

    def begin(self, job: Any, now: datetime) -> Addressed:
        """Begin an attempt of a job, which is a row of what is looked at for it."""
        limits = Limits(float(job.limits["time_s"]), int(job.limits["memory_mib"]) << 20)
        one, waiting = self._only_unit(job)
        own_lease_s = lease_s(limits.time_s, self._margin_s, waiting=waiting)
        known = self._known(job) if job.timed and not job.measure and not job.probed_stack else None
        attempt = {
            "id": uuid.uuid4().hex,
            "job_id": job.id,
            "n": job.tries + 1,
            "token": new_token(),
            "nonce": new_token(),
            "state": AttemptState.DISPATCHED,
            "dispatched": now,
            "lease_until": now + timedelta(seconds=own_lease_s),
            "performance": known.attempt if known else None,
            "addressed_id": one.id if one else None,
            "message": "",
            "unsupported": [],
            "log": "",
        }
        self._rows.append(attempt)
        about = {"attempt": attempt["id"], "job": job.id, "submission": job.submission_id, "device": job.name}
        log.info("attempt %s: try %d of job %d", attempt["id"], attempt["n"], job.id, extra=about)
        message = AttemptMessage(
            attempt=attempt["id"],
            token=attempt["token"],
            nonce=attempt["nonce"],
            architecture=job.architecture,
            bundle=job.bundle,
            manifest=job.manifest,
            device_type=job.name,
            driver=job.driver,
            profile=job.profile,
            policy=Policy.from_json(job.body),
            limits=limits,
            # What it takes at the sizes of a probe nobody asks.
            measured_stack=known.stack if known else job.probed_stack,
        )
        return Addressed(message, one.unit if one else None, own_lease_s)

    def write(self) -> None:
        """Enter those that were begun."""
        put(self._session, _BEGIN, self._rows)
        self._rows = []

    def _only_unit(self, job: Any) -> tuple[Device | None, int]:
        """The unit that alone is to run it, if there is one, and how many attempts may have their turn before it."""
        others = self._inventory.queue.window - 1
        if not self._attended or (not job.tries and job.addressed_id is None):
            return None, others
        self.write()  # they count for what a unit has to do
        one = sibling(self._session, self._session.get_one(Job, job.id), self._now)
        # One unit alone may have more before it than its share of the window: what others failed is confirmed there.
        return one, others if one is None else max(others, open_attempts(self._session, one))

    def _known(self, job: Any) -> Timed | None:
        present = self._present.get(job.device_type_id)
        if present is None:
            units = self._inventory.device(job.name).units
            present = self._present[job.device_type_id] = present_stacks(self._session, job.device_type_id, units)
        if not present:
            return None
        return known_performance(
            self._session,
            graph=job.graph,
            bundle=job.bundle,
            device_type=job.device_type_id,
            policy=job.policy,
            present=present,
        )


def _take_back(database: Database, unsent: Sequence[Addressed], now: datetime) -> None:
    """Forget attempts whose messages were not sent.

    The broker may have taken them, and only its answer was lost: a unit that has said something of an attempt meanwhile has it.
    """
    with database.write(in_turn=True) as session:
        for each in unsent:
            attempt = session.get_one(Attempt, each.message.attempt)
            if attempt.state != AttemptState.DISPATCHED:
                continue
            moves.move_job(session, attempt.job_id, (JobState.DISPATCHED,), JobState.QUEUED, now)
            session.delete(attempt)
