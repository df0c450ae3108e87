"""Where a submission stands: what is being converted, what each device type is at, and what came of it so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from farm.coordinator.cancellation import find_submission
from farm.coordinator.situations import Situations
from farm.database import models as db
from farm.inventory import Inventory
from farm.planning.cost import Speeds, read_runs
from farm.progress.reading import OpenJob, read_open_jobs, read_progress
from farm.progress.stages import Rest, rests, whole
from farm.states.conversions import ConversionState
from farm.states.jobs import OPEN_JOBS, JobState
from farm.states.verdict import Provenance
from farm.states.wait_reason import WaitReason, notes, wait_reason
from farm.submission.record import Remaining, Submitted, remaining
from farm.submission.summary import Summary, summarise

#: Conversions under way, and pieces of work of one device type, that are named.
NAMED = 20


@dataclass(frozen=True, slots=True)
class Running:
    """A piece of work under way; ``attempt`` and ``unit`` are empty of a conversion, ``unit`` where none has said it has it."""

    architecture: str
    kind: str
    attempt: str
    unit: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Refused:
    """An architecture that became no bundle."""

    architecture: str
    kind: str
    outcome: str
    cause: str
    message: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One device type: ``waiting`` jobs, those ``running``, and how many ended in each state.

    ``verdicts`` counts the selected cells of the commit, inherited ones among them, those as ``MISSING`` too of which only a
    ``stale`` verdict is known. ``waits`` is why those that wait do.
    """

    device: str
    waiting: int
    running: tuple[Running, ...]
    ended: Mapping[str, int]
    verdicts: Mapping[str, int]
    stale: int
    waits: WaitReason | None
    notes: str

    @property
    def done(self) -> int:
        """How many jobs are at their end."""
        return sum(self.ended.values())

    @property
    def jobs(self) -> int:
        """How many there are."""
        return self.waiting + len(self.running) + self.done


@dataclass(frozen=True, slots=True)
class SubmissionRecord:
    """All of one submission; ``left`` is what it still waits for: where it is nothing, the record changes no more by itself.

    ``conversions`` and ``repeats`` count by state. ``rests`` is how long each stage will take, by its name; of one that is done
    there are none.
    """

    id: str
    commit: str
    subject: str
    base: str | None
    branch: str | None
    created: datetime
    reprove: str
    conversions: Mapping[str, int]
    converting: tuple[Running, ...]
    refused: tuple[Refused, ...]
    repeats: Mapping[str, int]
    lanes: tuple[Lane, ...]
    summary: Summary
    left: Remaining
    rests: Mapping[str, Rest]

    @property
    def open(self) -> bool:
        """Whether anything is still to come."""
        return bool(self.left)

    @property
    def rest(self) -> Rest:
        """How long all of it will take."""
        return whole(self.rests)


def read_submission(
    session: Session, inventory: Inventory, asked: str, now: datetime, *, attended: bool
) -> SubmissionRecord:
    """The submission whose id is ``asked``, or begins so; ``attended`` as in :class:`~farm.coordinator.situations.Situations`.

    Raises:
        NotFoundError: there is none; suggests near ids.
        UsageError: several begin so.
    """
    row = find_submission(session, asked)
    commit = session.get_one(db.Commit, row.commit)
    own = db.Conversion.submission_id == row.id
    summary = summarise(session, inventory, row.commit)
    wanted = tuple(device for device in row.devices or inventory.devices if device in inventory.devices)
    submitted = Submitted(row.id, row.commit, 0, 0, wanted)
    left = remaining(session, submitted)
    progress = read_progress(session, inventory, submitted, now, attended=attended) if left else None
    return SubmissionRecord(
        id=row.id,
        commit=row.commit,
        subject=commit.subject,
        base=row.base,
        branch=row.branch,
        created=row.created,
        reprove=row.reprove,
        conversions=_counts(
            session, select(db.Conversion.state, func.count()).where(own).group_by(db.Conversion.state)
        ),
        converting=_converting(session, row.id),
        refused=_refused(session, row.id),
        repeats=_counts(
            session,
            select(db.Repeat.state, func.count()).where(db.Repeat.submission_id == row.id).group_by(db.Repeat.state),
        ),
        lanes=_lanes(session, wanted, row, summary, Situations(session, inventory, now, attended=attended)),
        summary=summary,
        left=left,
        rests=rests(progress, Speeds(read_runs(session, inventory))) if progress else {},
    )


def recent_submissions(session: Session, limit: int) -> Sequence[db.Submission]:
    """The newest submissions, the last one first."""
    newest = select(db.Submission).order_by(db.Submission.created.desc(), db.Submission.id).limit(limit)
    return session.scalars(newest).all()


def _counts(session: Session, query: Select[str, int]) -> dict[str, int]:
    return {row[0]: row[1] for row in session.execute(query)}


def _converting(session: Session, submission: str) -> tuple[Running, ...]:
    query = (
        select(db.Conversion)
        .where(db.Conversion.submission_id == submission, db.Conversion.state == ConversionState.RUNNING)
        .order_by(db.Conversion.claimed, db.Conversion.id)
        .limit(NAMED)
        .options(joinedload(db.Conversion.architecture))
    )
    return tuple(
        Running(row.architecture.name, row.architecture.kind, "", "", row.claimed) for row in session.scalars(query)
    )


def _refused(session: Session, submission: str) -> tuple[Refused, ...]:
    query = (
        select(db.Conversion)
        .where(db.Conversion.submission_id == submission, db.Conversion.state == ConversionState.FAILED)
        .order_by(db.Conversion.priority, db.Conversion.id)
        .options(joinedload(db.Conversion.architecture))
    )
    return tuple(
        Refused(row.architecture.name, row.architecture.kind, row.outcome or "", row.cause or "", row.message)
        for row in session.scalars(query)
    )


def _lanes(
    session: Session, devices: Sequence[str], row: db.Submission, summary: Summary, situations: Situations
) -> tuple[Lane, ...]:
    """A lane for each device type: what is open on the commit's bundles, whoever asked for it, and what of its own ended."""
    jobs = read_open_jobs(session, row.commit)
    mine = (db.Job.submission_id == row.id) & db.Job.state.not_in(OPEN_JOBS)
    counted = select(db.DeviceType.name, db.Job.state, func.count()).join(db.DeviceType).where(mine)
    ended = {
        (device, state): number
        for device, state, number in session.execute(counted.group_by(db.DeviceType.name, db.Job.state))
    }
    verdicts = summary.counts()
    stale = Counter(cell.device for _, cell in summary.open if cell.provenance is Provenance.STALE)
    lanes = []
    for device in devices:
        of_type = [job for job in jobs if job.device == device]
        waiting = sum(job.state is not JobState.RUNNING for job in of_type)
        situation = situations.of(device) if waiting else None
        lanes.append(
            Lane(
                device,
                waiting,
                _running(of_type),
                {s: ended[device, s] for s in JobState if (device, s) in ended},
                verdicts.get(device, {}),
                stale[device],
                wait_reason(situation) if situation else None,
                notes(situation.units) if situation else "",
            )
        )
    return tuple(lanes)


def _running(jobs: Iterable[OpenJob]) -> tuple[Running, ...]:
    """Jobs that a unit has begun, the longest under way first."""
    begun = [(job.dispatched, job) for job in jobs if job.state is JobState.RUNNING and job.dispatched is not None]
    return tuple(
        Running(job.architecture, job.kind, job.attempt, job.unit, dispatched)
        for dispatched, job in sorted(begun, key=lambda pair: (pair[0], pair[1].attempt))
    )
