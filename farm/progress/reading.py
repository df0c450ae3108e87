"""Reading how far a submission is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from farm.coordinator.situations import Situations
from farm.database.models import Architecture, Attempt, Conversion, Device, DeviceType, Job, Probe, Repeat, Snapshot
from farm.inventory import Inventory
from farm.planning.cost import CONVERSION
from farm.progress.stages import Progress, Stage, Work
from farm.states.conversions import OPEN_CONVERSIONS, ConversionState
from farm.states.jobs import OPEN_ATTEMPTS, OPEN_JOBS, JobState
from farm.states.wait_reason import WaitReason, wait_reason
from farm.submission.record import Submitted

#: Nothing is in the way of what waits for these.
_UNHINDERED = (WaitReason.DUE, WaitReason.BUSY)


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job that is not at its end, with its newest open attempt; ``attempt`` and ``unit`` are empty where there is none."""

    device: str
    kind: str
    architecture: str
    state: JobState
    since: datetime
    attempt: str
    unit: str
    dispatched: datetime | None

    @property
    def key(self) -> str:
        """Of the architecture."""
        return f"{self.kind}:{self.architecture}"


def read_open_jobs(session: Session, commit: str) -> tuple[OpenJob, ...]:
    """What is open on the bundles of a commit, whoever asked for it, in the order in which it is to be begun."""
    query = (
        select(Job.id, DeviceType.name, Architecture.kind, Architecture.name, Job.state, Job.since)
        .add_columns(Attempt.id, Device.unit, Attempt.dispatched)
        .join(DeviceType, Job.device_type_id == DeviceType.id)
        .join(Architecture, Job.architecture_id == Architecture.id)
        .outerjoin(Attempt, and_(Attempt.job_id == Job.id, Attempt.state.in_(OPEN_ATTEMPTS)))
        .outerjoin(Device, Attempt.device_id == Device.id)
        .where(Job.bundle.in_(select(Snapshot.bundle).where(Snapshot.commit == commit)), Job.state.in_(OPEN_JOBS))
        .order_by(Job.priority, Job.id, Attempt.dispatched, Attempt.id)
    )
    found = {
        job: OpenJob(device, kind, name, JobState(state), since, attempt or "", unit or "", dispatched)
        for job, device, kind, name, state, since, attempt, unit, dispatched in session.execute(query)
    }
    return tuple(found.values())


def read_progress(
    session: Session, inventory: Inventory, submitted: Submitted, now: datetime, *, attended: bool
) -> Progress:
    """How far ``submitted`` is: what is done, and what is left of it, whoever asked for it
    (:func:`farm.submission.record.remaining`).

    Units are hosts of their own, on a broker, where they are ``attended``.
    """
    repeats = session.scalar(
        select(func.count())
        .select_from(Repeat)
        .join(Conversion)
        .where(Conversion.commit == submitted.commit, Repeat.state.in_(OPEN_CONVERSIONS))
    )
    return Progress(
        _conversion(session, submitted),
        tuple(_devices(session, inventory, submitted, now, attended=attended)),
        repeats or 0,
    )


def anybody_converts(session: Session) -> bool:
    """Whether a conversion, a repeat or a probe is under way, of whatever submission."""
    begun = (select(table.id).where(table.state == ConversionState.RUNNING) for table in (Conversion, Repeat, Probe))
    return any(session.scalar(query.limit(1)) is not None for query in begun)


def _conversion(session: Session, submitted: Submitted) -> Stage:
    wanted = or_(Conversion.submission_id == submitted.submission, Conversion.state.in_(OPEN_CONVERSIONS))
    found = session.execute(
        select(Architecture.key, Conversion.state)
        .join(Architecture, Conversion.architecture_id == Architecture.id)
        .where(Conversion.commit == submitted.commit, wanted)
        .order_by(Conversion.priority, Conversion.id)
    ).all()
    states = Counter(row.state for row in found)
    return Stage(
        CONVERSION,
        queued=tuple(row.key for row in found if row.state == ConversionState.QUEUED),
        # Of a batch that is claimed together, nobody says which one it is at, nor since when.
        under_way=tuple(Work(row.key, "", 0.0) for row in found if row.state == ConversionState.RUNNING),
        done=sum(number for state, number in states.items() if not ConversionState(state).open),
        failed=states[ConversionState.FAILED],
    )


def _devices(
    session: Session, inventory: Inventory, submitted: Submitted, now: datetime, *, attended: bool
) -> list[Stage]:
    found = read_open_jobs(session, submitted.commit)
    ours = Job.bundle.in_(select(Snapshot.bundle).where(Snapshot.commit == submitted.commit))
    ended = (
        select(DeviceType.name, func.count())
        .select_from(Job)
        .join(DeviceType, Job.device_type_id == DeviceType.id)
        .where(ours, Job.submission_id == submitted.submission, Job.state.not_in(OPEN_JOBS))
        .group_by(DeviceType.name)
    )
    done = Counter({row[0]: row[1] for row in session.execute(ended)})
    situations = Situations(session, inventory, now, attended=attended)
    stages = []
    for name in submitted.devices:
        of_type = [job for job in found if job.device == name]
        queued = tuple(job.key for job in of_type if job.state is not JobState.RUNNING)
        reason = wait_reason(situations.of(name)) if queued else WaitReason.DUE
        stages.append(
            Stage(
                name,
                queued,
                tuple(
                    Work(job.key, job.unit, max((now - job.since).total_seconds(), 0.0))
                    for job in of_type
                    if job.state is JobState.RUNNING
                ),
                done[name],
                at_once=inventory.devices[name].units if name in inventory.devices else 1,
                waits="" if reason in _UNHINDERED else reason.value,
            )
        )
    return stages
