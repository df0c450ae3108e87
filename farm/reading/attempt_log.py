"""What an attempt left behind: how it ended and at which stage, what its process said, what each sample came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from farm.database.beginnings import id_beginning
from farm.database.models import Attempt, CaseResult, Job
from farm.errors import NotFoundError
from workers.report import signal_name

#: Ids among which a near one is looked for: the newest.
KNOWN = 500


@dataclass(frozen=True, slots=True)
class LoggedCase:
    """One sample of an attempt; ``fallback`` is what did not run on the device itself."""

    sample: str
    outcome: str
    message: str
    latency_ms: float | None
    fallback: str


@dataclass(frozen=True, slots=True)
class AttemptLog:
    """One attempt. ``log`` is the end of what its process said; ``rejudged`` the attempt that ran where this one did not."""

    attempt: str
    n: int
    job: int
    architecture: str
    kind: str
    device: str
    policy: str
    commit: str
    bundle: str
    state: str
    unit: str | None
    outcome: str | None
    cause: str | None
    stage: str | None
    signal: int | None
    message: str
    unsupported: tuple[str, ...]
    duration_s: float | None
    peak_memory_bytes: int | None
    dispatched: datetime
    finished: datetime | None
    rejudged: str | None
    cases: tuple[LoggedCase, ...]
    log: str

    @property
    def signal_name(self) -> str | None:
        """As :func:`~workers.report.signal_name` has it."""
        return None if self.signal is None else signal_name(self.signal)


def read_logs(session: Session, asked: str) -> tuple[AttemptLog, ...]:
    """Of the attempts of a job, by its number, oldest first; or of the one attempt whose id begins with ``asked``.

    Raises:
        NotFoundError: there is neither; suggests near ones.
        UsageError: several attempts begin with it.
    """
    if asked.isdecimal() and len(asked) < 10 and (job := session.get(Job, int(asked))) is not None:
        attempts: Sequence[Attempt] = session.scalars(
            select(Attempt).where(Attempt.job_id == job.id).order_by(Attempt.n).options(*_SHOWN)
        ).all()
        return tuple(map(_told, attempts))
    return (_told(_find_attempt(session, asked)),)


def _find_attempt(session: Session, asked: str) -> Attempt:
    """The attempt whose id begins with ``asked``, with its job; raises as :func:`read_logs`."""
    if (found := id_beginning(session, Attempt.id, asked, "attempt")) is not None:
        return session.get_one(Attempt, found, options=_SHOWN)
    if asked.isdecimal():
        jobs = session.scalars(select(Job.id).order_by(Job.id.desc()).limit(KNOWN))
        raise NotFoundError("job or attempt", asked, map(str, jobs))
    newest = select(Attempt.id).order_by(Attempt.dispatched.desc(), Attempt.id).limit(KNOWN)
    raise NotFoundError("job or attempt", asked, session.scalars(newest))


_SHOWN: tuple[ORMOption, ...] = (
    joinedload(Attempt.job).joinedload(Job.architecture),
    joinedload(Attempt.job).joinedload(Job.device_type),
    joinedload(Attempt.job).joinedload(Job.submission),
    joinedload(Attempt.device),
    selectinload(Attempt.cases),
)


def _told(attempt: Attempt) -> AttemptLog:
    job = attempt.job
    return AttemptLog(
        attempt=attempt.id,
        n=attempt.n,
        job=job.id,
        architecture=job.architecture.name,
        kind=job.architecture.kind,
        device=job.device_type.name,
        policy=job.policy,
        commit=job.submission.commit,
        bundle=job.bundle,
        state=attempt.state,
        unit=attempt.device.unit if attempt.device else None,
        outcome=attempt.outcome,
        cause=attempt.cause,
        stage=attempt.stage,
        signal=attempt.signal,
        message=attempt.message,
        unsupported=tuple(attempt.unsupported),
        duration_s=attempt.duration_s,
        peak_memory_bytes=attempt.peak_memory_bytes,
        dispatched=attempt.dispatched,
        finished=attempt.finished,
        rejudged=attempt.rejudged,
        cases=tuple(map(_case, attempt.cases)),
        log=attempt.log,
    )


def _case(case: CaseResult) -> LoggedCase:
    return LoggedCase(case.sample, case.outcome, case.message, case.latency_ms, case.fallback)
