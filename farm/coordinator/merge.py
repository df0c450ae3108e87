"""Merging what hosts say into the table: in one transaction as many messages as there are, each of them idempotent.

A late report (its attempt was given up) is a correct observation all the same and is recorded. A doubled one changes nothing.
A report with a wrong token, for an attempt that nobody knows, or for a job that was cancelled, is logged and dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload, selectinload

from farm.clock import utc_now
from farm.coordinator import moves
from farm.coordinator.conduct import note_report, suspect
from farm.coordinator.leases import LEASE_MARGIN_S, lease_s
from farm.coordinator.performance import measured_by
from farm.coordinator.records import echoes, record_event, record_report, record_unit
from farm.coordinator.stacks import hear_stack, record_stack
from farm.coordinator.states import DROPPED, OPEN_ATTEMPTS, OPEN_JOBS, AttemptState, JobState, wants_another_run
from farm.coordinator.verdict import Facts, decide
from farm.database.engine import Database, keep_loaded
from farm.database.models import Attempt, Job, Verdict
from farm.failpoints import failpoint
from farm.protocol import Message, RefusalMessage, ReportMessage, StartedMessage
from farm.refusal import as_report
from workers.outcome import Cause, Group, Outcome
from workers.report import AttemptReport


class Merged(StrEnum):
    """What became of a message."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    STALE = "stale"
    UNKNOWN = "unknown"
    FORGED = "forged"


def merge(
    database: Database,
    message: Message,
    now: datetime | None = None,
    *,
    signer: str | None = None,
    margin_s: float = LEASE_MARGIN_S,
) -> Merged:
    """:func:`merge_all` of one message."""
    return merge_all(database, [(message, signer)], now, margin_s=margin_s)[0]


def merge_all(
    database: Database,
    messages: Sequence[tuple[Message, str | None]],
    now: datetime | None = None,
    *,
    margin_s: float = LEASE_MARGIN_S,
) -> list[Merged]:
    """Merge messages from the ``results`` queue, all of them or none; the caller acknowledges them afterwards.

    Beside each is its signer, the device type whose key it is signed with: hosts of one type say nothing of another's attempts.
    ``margin_s`` is that of leases (:mod:`farm.coordinator.leases`).
    """
    messages = [(as_report(m) if isinstance(m, RefusalMessage) else m, signer) for m, signer in messages]
    at = now or utc_now()
    said = [(message, signer) for message, signer in messages if isinstance(message, StartedMessage | ReportMessage)]
    reported = {
        (message.attempt, message.token, signer) for message, signer in said if isinstance(message, ReportMessage)
    }
    fates = []
    with database.write(in_turn=True) as session:
        keep_loaded(session)
        _load(session, {message.attempt for message, _ in said})
        for place, (message, signer) in enumerate(messages):
            if not isinstance(message, StartedMessage | ReportMessage):
                fates.append(Merged.UNKNOWN)
                continue
            moment = at + timedelta(microseconds=place)  # so that the order can be told afterwards
            ended = isinstance(message, StartedMessage) and (message.attempt, message.token, signer) in reported
            with session.no_autoflush:
                fates.append(_merge(session, message, signer, moment, margin_s, ended=ended))
            session.flush()
        failpoint("merge.written")
    failpoint("merge.committed")
    return fates


def _load(session: Session, attempts: Collection[str]) -> None:
    """Read at once what is looked at for each of the messages."""
    job = joinedload(Attempt.job)
    session.scalars(
        select(Attempt)
        .where(Attempt.id.in_(attempts))
        .options(job.joinedload(Job.device_type), job.joinedload(Job.architecture), joinedload(Attempt.device))
        .options(job.selectinload(Job.attempts), selectinload(Attempt.cases))
    ).all()


def _merge(
    session: Session,
    message: StartedMessage | ReportMessage,
    signer: str | None,
    now: datetime,
    margin_s: float,
    *,
    ended: bool,
) -> Merged:
    """Merge one. Of the beginning of an attempt that has ``ended`` nothing is to be entered: its report says all of it."""
    attempt = session.get(Attempt, message.attempt)
    fate = _fate(attempt, message, signer)
    if attempt is None or fate is not Merged.RECORDED:
        record_event(session, f"message {fate}", message.attempt, now, unit=message.unit)
        if attempt is not None and fate is Merged.STALE and _ends_in_vain(attempt, message):
            attempt.state, attempt.finished = AttemptState.ABANDONED, now
        return fate
    if ended:
        return fate
    # The message carries a unit, so the device is known from here on, also where the attempt ends badly.
    attempt.device = record_unit(session, attempt.job.device_type.name, message.unit, now)
    attempt.device_id = attempt.device.id
    if isinstance(message, ReportMessage):
        _finish(session, attempt, message, now)
    else:
        _start(session, attempt, now, margin_s)
    return fate


def redecide(session: Session, job: Job, now: datetime) -> None:
    """Derive the verdicts of the job's bundle, device configuration and policy, one a stack, from all reported attempts.

    A unit that stands alone with a failure is suspected.
    """
    key = (job.bundle, job.device_type_id, job.policy)
    attempts = session.scalars(
        select(Attempt)
        .join(Job)
        .where(Job.bundle == key[0], Job.device_type_id == key[1], Job.policy == key[2])
        .where(Attempt.state == AttemptState.REPORTED)
        .order_by(Attempt.finished, Attempt.id)
        .options(selectinload(Attempt.cases))
    ).all()
    session.execute(
        delete(Verdict).where(Verdict.bundle == key[0], Verdict.device_type_id == key[1], Verdict.policy == key[2])
    )
    stacks: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        stacks.setdefault(attempt.stack or record_stack(session, {}), []).append(attempt)
    suspect(session, [[(a, facts_of(a)) for a in own] for own in stacks.values()], now)
    for stack, own in stacks.items():
        decision = decide([facts_of(a) for a in own])
        session.add(
            Verdict(
                bundle=key[0],
                device_type_id=key[1],
                policy=key[2],
                stack=stack,
                verdict=decision.verdict,
                outcome=decision.outcome,
                cause=decision.cause,
                attempt_id=own[decision.position].id,
                decided=now,
                proved=own[decision.newest].finished or now,
                measured_id=measured_by(session, own[decision.position]),
            )
        )


def _fate(attempt: Attempt | None, message: StartedMessage | ReportMessage, signer: str | None) -> Merged:
    if attempt is None:
        return Merged.UNKNOWN
    if signer is not None and attempt.job.device_type.name != signer:
        return Merged.FORGED
    if attempt.token != message.token or attempt.job.state in DROPPED:
        return Merged.STALE
    if attempt.state == AttemptState.REPORTED:
        return Merged.DUPLICATE
    if isinstance(message, StartedMessage) and attempt.state not in (AttemptState.DISPATCHED, AttemptState.UNCLAIMED):
        return Merged.DUPLICATE if attempt.state == AttemptState.RUNNING else Merged.STALE
    return Merged.RECORDED


def _ends_in_vain(attempt: Attempt, message: StartedMessage | ReportMessage) -> bool:
    """Whether this is the report of an attempt whose job was cancelled meanwhile: its place on the wire is free again."""
    dropped = attempt.job.state in DROPPED and attempt.token == message.token
    return dropped and isinstance(message, ReportMessage) and attempt.state in OPEN_ATTEMPTS


def _start(session: Session, attempt: Attempt, now: datetime, margin_s: float) -> None:
    """A unit has begun the attempt; one that nobody had taken up in time is under way again, before its job is sent anew."""
    attempt.state, attempt.finished = AttemptState.RUNNING, None
    limit_s = float(attempt.job.device_type.limits["time_s"])
    attempt.lease_until = now + timedelta(seconds=lease_s(limit_s, margin_s, waiting=0))
    moves.move_job(session, attempt.job_id, (JobState.QUEUED, JobState.DISPATCHED), JobState.RUNNING, now)


def _finish(session: Session, attempt: Attempt, message: ReportMessage, now: datetime) -> None:
    job = attempt.job
    record_report(session, attempt, _with_evidence(message.report, attempt, job))
    if attempt.stack is not None and attempt.device_id is not None:
        hear_stack(session, job.device_type_id, attempt.device_id, attempt.stack, now)
    attempt.state = AttemptState.REPORTED
    attempt.finished = now
    attempt.duration_s = message.duration_s
    session.flush()
    reported = [Outcome(a.outcome) for a in job.attempts if a.state == AttemptState.REPORTED and a.outcome]
    others = [a for a in job.attempts if a.state in OPEN_ATTEMPTS]
    redecide(session, job, now)
    note_report(session, attempt, now)
    if wants_another_run(reported):
        if not others:
            ended = f"attempt {attempt.n} ended with {attempt.outcome}{_place(attempt)}, and is repeated"
            why = f"{ended}: {attempt.message}" if attempt.message else ended
            moves.move_job(session, job.id, (JobState.DISPATCHED, JobState.RUNNING), JobState.QUEUED, now, why)
    else:
        moves.move_job(session, job.id, OPEN_JOBS, JobState.DONE, now)
    record_event(session, "reported", attempt.id, now, outcome=attempt.outcome, unit=message.unit)


def _place(attempt: Attempt) -> str:
    return f" on {attempt.device.unit}" if attempt.device else ""


def _with_evidence(report: AttemptReport, attempt: Attempt, job: Job) -> AttemptReport:
    """A good report must echo the bundle and the nonce of its attempt: without them it shows nothing."""
    if report.outcome.group is not Group.GOOD or echoes(report, attempt):
        return report
    what = "bundle" if report.bundle != job.bundle else "nonce"
    return replace(
        report,
        outcome=Outcome.VACUOUS,
        cause=Cause.HARNESS,
        message=f"the report does not echo the {what} of its attempt",
    )


def facts_of(attempt: Attempt) -> Facts:
    """What a reported attempt says."""
    return Facts(
        Outcome(attempt.outcome or Outcome.HARNESS_ERROR),
        Cause(attempt.cause or Cause.UNKNOWN),
        tuple(Outcome(case.outcome) for case in attempt.cases),
        attempt.device_id,
    )
