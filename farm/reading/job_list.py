"""Jobs as people ask for them: where each stands, why it waits, and what became of its attempts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from farm.coordinator.situations import Situations
from farm.database.models import Architecture, Attempt, Conversion, DeviceType, Job, Snapshot
from farm.inventory import Inventory
from farm.states.conversions import OPEN_CONVERSIONS, ConversionState
from farm.states.jobs import JobState
from farm.states.wait_reason import WaitReason, notes, wait_reason

#: States in which no unit has begun the job.
WAITING = (JobState.QUEUED, JobState.DISPATCHED)
_SHOWN = (
    joinedload(Job.architecture),
    joinedload(Job.device_type),
    joinedload(Job.submission),
    selectinload(Job.attempts).joinedload(Attempt.device),
)
_RANK = (JobState.RUNNING, JobState.DISPATCHED, JobState.QUEUED, JobState.QUARANTINED)


@dataclass(frozen=True, slots=True)
class ListedAttempt:
    """One try of a job; ``unit`` is who had it, as far as anybody has said so."""

    n: int
    state: str
    unit: str | None
    outcome: str | None
    dispatched: datetime
    finished: datetime | None
    id: str = ""


@dataclass(frozen=True, slots=True)
class ListedJob:
    """A job. ``waits`` is why no unit has begun it, with ``notes`` on the units, ``reason`` why it is in its state.

    ``hindered`` are the units that the notes are about. One with a ``probe`` (its number) looks for the condition under which
    a verdict is PARTIAL.
    """

    id: int
    architecture: str
    kind: str
    device: str
    state: JobState
    waits: WaitReason | None
    notes: str
    reason: str
    priority: int
    created: datetime
    since: datetime
    attempts: tuple[ListedAttempt, ...]
    submission: str
    commit: str
    bundle: str
    hindered: tuple[str, ...] = ()
    probe: int | None = None


@dataclass(frozen=True, slots=True)
class JobList:
    """The first of the jobs that were asked for, and how many there are in all, by state.

    ``conversions`` is how many are not at their end, whatever was asked for: what they bring is no job yet.
    """

    jobs: tuple[ListedJob, ...]
    counts: dict[JobState, int]
    conversions: dict[ConversionState, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def list_jobs(
    session: Session,
    inventory: Inventory,
    now: datetime,
    *,
    attended: bool,
    states: Sequence[JobState] = (),
    device: str | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> JobList:
    """Jobs in some ``states``, by default those that are not at their end or in quarantine, of one device type or all.

    The running come first, then what is sent, then what is queued, in the order of priority, then the others, the newest first.
    ``attended`` is as in :class:`farm.coordinator.situations.Situations`. In that order the first ``offset`` are left out, and
    the next ``limit`` given.
    """
    asked = [_asked(states)]
    if device is not None:
        asked.append(Job.device_type.has(DeviceType.name == device))
    counted = select(Job.state, func.count()).where(*asked).group_by(Job.state)
    rank = case({state.value: place for place, state in enumerate(_RANK)}, value=Job.state, else_=len(_RANK))
    begun = Job.state.in_([*WAITING, JobState.RUNNING])
    query = (
        select(Job)
        .where(*asked)
        .order_by(rank, case((begun, Job.priority)), case((begun, Job.id)), Job.since.desc(), Job.id)
        .limit(limit)
        .offset(offset)
        .options(*_SHOWN)
    )
    situations = Situations(session, inventory, now, attended=attended)
    jobs = tuple(_listed(job, situations) for job in session.scalars(query))
    converting = (
        select(Conversion.state, func.count()).where(Conversion.state.in_(OPEN_CONVERSIONS)).group_by(Conversion.state)
    )
    return JobList(
        jobs,
        {JobState(state): number for state, number in session.execute(counted)},
        {ConversionState(state): number for state, number in session.execute(converting)},
    )


def newest_jobs(
    session: Session, inventory: Inventory, now: datetime, commit: str, kind: str, name: str, *, attended: bool
) -> dict[str, ListedJob]:
    """By device type the newest job on the bundle that an architecture has at a commit, in the present configuration."""
    bundle = session.scalar(
        select(Snapshot.bundle)
        .join(Snapshot.architecture)
        .where(Snapshot.commit == commit, Architecture.kind == kind, Architecture.name == name)
    )
    query = select(Job).where(Job.bundle == bundle).order_by(Job.id).options(*_SHOWN)
    jobs = {
        job.device_type.name: job
        for job in session.scalars(query)
        if (configured := inventory.devices.get(job.device_type.name)) is not None
        and configured.configuration == job.device_type.configuration
    }
    situations = Situations(session, inventory, now, attended=attended)
    return {device: _listed(job, situations) for device, job in jobs.items()}


def _asked(states: Sequence[JobState]) -> ColumnElement[bool]:
    if states:
        return Job.state.in_(states)
    later = aliased(Job)
    followed = exists().where(
        later.bundle == Job.bundle,
        later.device_type_id == Job.device_type_id,
        later.policy == Job.policy,
        later.id > Job.id,
    )
    quarantined = (Job.state == JobState.QUARANTINED) & ~followed
    return or_(Job.state.in_([*WAITING, JobState.RUNNING]), quarantined)


def _listed(job: Job, situations: Situations) -> ListedJob:
    state = JobState(job.state)
    situation = situations.of(job.device_type.name) if state in WAITING else None
    return ListedJob(
        id=job.id,
        architecture=job.architecture.name,
        kind=job.architecture.kind,
        device=job.device_type.name,
        state=state,
        waits=wait_reason(situation) if situation else None,
        notes=notes(situation.units) if situation else "",
        reason=job.reason,
        priority=job.priority,
        created=job.created,
        since=job.since,
        attempts=tuple(
            ListedAttempt(a.n, a.state, a.device.unit if a.device else None, a.outcome, a.dispatched, a.finished, a.id)
            for a in job.attempts
        ),
        submission=job.submission_id,
        commit=job.submission.commit,
        bundle=job.bundle,
        hindered=tuple(unit.name for unit in situation.units if unit.note) if situation else (),
        probe=job.probe_id,
    )
