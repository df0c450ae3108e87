"""The evidence of one attempt: what was run where, what came of it, why that is believed, and what it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from farm.conditions.infer import Condition
from farm.database import models as db
from farm.database.beginnings import id_beginning
from farm.database.records import case_of
from farm.errors import NotFoundError
from farm.states.jobs import AttemptState
from farm.states.verdict import Verdict
from workers.outcome import Group, Outcome
from workers.policy import Policy
from workers.report import CaseReport, LayerError, Stage

#: Commits with the bundle that are named, the newest first.
COMMITS = 20
#: Digits of an id that are asked for where there is none of that name, and ids that are looked at then.
_BEGINNING, _NEAR = 3, 50


@dataclass(frozen=True, slots=True)
class Try:
    """One of the attempts of a job."""

    id: str
    n: int
    state: AttemptState
    unit: str | None
    outcome: Outcome | None
    cause: str | None
    message: str
    dispatched: datetime
    finished: datetime | None


@dataclass(frozen=True, slots=True)
class Quoted:
    """A verdict that stands on the attempt, the last time that one bore it out, and the condition of a PARTIAL one."""

    verdict: Verdict
    policy: str
    proved: datetime
    condition: Condition | None


@dataclass(frozen=True, slots=True)
class Consequence:
    """What the attempt did to the health of its unit."""

    at: datetime
    change: str
    old: str
    new: str
    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of one attempt. ``addressed`` is the unit that it was sent to, where it was sent to one alone.

    ``tries`` are all attempts of its job, this one among them; ``commits`` the newest at which the architecture has this
    bundle, and so shares what was found, out of ``commits_in_all``. ``canaries`` says what the known-good network said of the
    unit. Of an attempt that was ``rejudged`` from another one nothing was run.
    """

    attempt: Try
    job: int
    job_state: str
    job_reason: str
    architecture: str
    kind: str
    device: str
    driver: str
    profile: Mapping[str, object]
    host: str
    addressed: str | None
    policy: Policy
    submission: str
    commit: str
    bundle: str
    stage: str | None
    signal: int | None
    echoed: bool | None
    rejudged: str | None
    duration_s: float | None
    load_ms: float | None
    peak_memory_bytes: int | None
    unsupported: tuple[str, ...]
    cases: tuple[CaseReport, ...]
    stack: Mapping[str, str]
    log: str
    canaries: str
    tries: tuple[Try, ...]
    verdicts: tuple[Quoted, ...]
    consequences: tuple[Consequence, ...]
    commits: tuple[str, ...]
    commits_in_all: int

    @property
    def divergent(self) -> tuple[str, LayerError] | None:
        """The sample whose first divergent layer was looked for, and the layer."""
        found = ((case.sample, case.first_divergent_layer) for case in self.cases)
        return next(((sample, layer) for sample, layer in found if layer is not None), None)


def read_attempt(session: Session, asked: str) -> Evidence:
    """The attempt whose id is ``asked``, or the only one whose id begins so.

    Raises:
        NotFoundError: there is none; suggests ids that are near.
        UsageError: several begin so.
    """
    query = select(db.Attempt).options(
        joinedload(db.Attempt.job).options(
            joinedload(db.Job.architecture),
            joinedload(db.Job.device_type),
            joinedload(db.Job.submission),
            selectinload(db.Job.attempts).joinedload(db.Attempt.device),
        ),
        joinedload(db.Attempt.addressed),
        selectinload(db.Attempt.cases).options(selectinload(db.CaseResult.tensors), selectinload(db.CaseResult.layer)),
    )
    attempt = session.scalar(query.where(db.Attempt.id == _find_id(session, asked)))
    assert attempt is not None
    return _evidence(session, attempt)


def _find_id(session: Session, asked: str) -> str:
    if (found := id_beginning(session, db.Attempt.id, asked, "attempt")) is not None:
        return found
    near = select(db.Attempt.id).where(db.Attempt.id.startswith(asked[:_BEGINNING], autoescape=True))
    raise NotFoundError("attempt", asked, session.scalars(near.order_by(db.Attempt.id).limit(_NEAR)))


def _evidence(session: Session, attempt: db.Attempt) -> Evidence:
    job = attempt.job
    stack = session.get(db.Stack, attempt.stack) if attempt.stack else None
    commits = _commits(session, job)
    return Evidence(
        attempt=_try(attempt),
        job=job.id,
        job_state=job.state,
        job_reason=job.reason,
        architecture=job.architecture.name,
        kind=job.architecture.kind,
        device=job.device_type.name,
        driver=job.device_type.driver,
        profile=job.device_type.profile,
        host=attempt.device.host if attempt.device else "",
        addressed=attempt.addressed.unit if attempt.addressed else None,
        policy=Policy.from_json(session.get_one(db.Policy, job.policy).body),
        submission=job.submission_id,
        commit=job.submission.commit,
        bundle=job.bundle,
        stage=attempt.stage,
        signal=attempt.signal,
        echoed=attempt.echoed,
        rejudged=attempt.rejudged,
        duration_s=attempt.duration_s,
        load_ms=attempt.load_ms,
        peak_memory_bytes=attempt.peak_memory_bytes,
        unsupported=tuple(attempt.unsupported or ()),
        cases=tuple(case_of(case) for case in attempt.cases),
        stack=dict(stack.fingerprint) if stack else {},
        log=attempt.log,
        canaries=canaries_of(attempt.outcome, attempt.stage, attempt.message),
        tries=tuple(_try(other) for other in job.attempts),
        verdicts=_verdicts(session, attempt),
        consequences=_consequences(session, attempt),
        commits=tuple(commits[:COMMITS]),
        commits_in_all=len(commits),
    )


def canaries_of(outcome: str | None, stage: str | None, message: str) -> str:
    """What the canaries before and after a run said, told from what became of it.

    A canary that fails turns the outcome into one of the unit's infrastructure, so a verdict on the product has seen two of
    them pass. Nothing is run, not even a canary, where the device lacks an op.
    """
    if outcome is None:
        return "not known: it has not ended"
    found = Outcome(outcome)
    if message.startswith("canary failed"):
        return "failed: what the unit says counts for nothing"
    if found is Outcome.UNSUPPORTED_OP:
        return "not run: what the device lacks is known before anything is"
    if found.group not in (Group.GOOD, Group.PRODUCT):
        return "not known: what it ended with says nothing of the product"
    return "passed before and after" + ("" if stage == Stage.DONE else ", the latter once the network had died")


def _try(attempt: db.Attempt) -> Try:
    return Try(
        attempt.id,
        attempt.n,
        AttemptState(attempt.state),
        attempt.device.unit if attempt.device else None,
        Outcome(attempt.outcome) if attempt.outcome else None,
        attempt.cause,
        attempt.message,
        attempt.dispatched,
        attempt.finished,
    )


def _verdicts(session: Session, attempt: db.Attempt) -> tuple[Quoted, ...]:
    job = attempt.job
    query = select(db.Verdict).where(
        db.Verdict.bundle == job.bundle,
        db.Verdict.device_type_id == job.device_type_id,
        db.Verdict.policy == job.policy,
        db.Verdict.attempt_id == attempt.id,
    )
    return tuple(
        Quoted(
            Verdict(row.verdict),
            row.policy,
            row.proved,
            Condition.from_json(row.condition) if row.condition else None,
        )
        for row in session.scalars(query)
    )


def _consequences(session: Session, attempt: db.Attempt) -> tuple[Consequence, ...]:
    query = (
        select(db.HealthEvent)
        .where(db.HealthEvent.device_id == attempt.device_id, db.HealthEvent.attempt_id == attempt.id)
        .order_by(db.HealthEvent.id)
    )
    return tuple(Consequence(e.at, e.change, e.old, e.new, e.reason) for e in session.scalars(query))


def _commits(session: Session, job: db.Job) -> list[str]:
    """The commits at which the architecture of a job has its bundle, the newest first."""
    query = (
        select(db.Commit.key)
        .join(db.Snapshot, db.Snapshot.commit == db.Commit.key)
        .where(db.Snapshot.bundle == job.bundle, db.Snapshot.architecture_id == job.architecture_id)
        .order_by(db.Commit.date.desc(), db.Commit.dirty.desc(), db.Commit.recorded.desc())
    )
    return list(session.scalars(query))
