"""Merging what hosts say into the table: in one transaction as many messages as there are, each of them idempotent.

A late report (its attempt was given up) is a correct observation all the same and is recorded. A doubled one changes nothing.
A report with a wrong token, for an attempt that nobody knows, or for a job that was cancelled, is logged and dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from farm.clock import utc_now
from farm.coordinator.batch import AttemptNow, Batch
from farm.coordinator.entries import Entry
from farm.database.engine import Database
from farm.database.models import Job, Probe
from farm.database.records import MAX_MESSAGE, clipped
from farm.database.server import by_index
from farm.failpoints import failpoint
from farm.host.refusal import as_report
from farm.protocol import Message, RefusalMessage, ReportMessage, StartedMessage
from farm.regressions.follow import follow
from farm.states.jobs import DROPPED, OPEN_ATTEMPTS, OPEN_JOBS, AttemptState, JobState, wants_another_run
from farm.states.verdict import Verdict
from farm.units.conduct import Conduct, note_report
from farm.units.leases import LEASE_MARGIN_S, lease_s
from farm.verdicts.probes import state_conditions, subject_of, want_next_round, want_probes
from farm.verdicts.redecide import Judged, redecide
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
    then: Callable[[Session, datetime], None] | None = None,
) -> list[Merged]:
    """Merge messages from the ``results`` queue, all of them or none; the caller acknowledges them afterwards.

    Beside each is its signer, the device type whose key it is signed with: hosts of one type say nothing of another's attempts.
    ``margin_s`` is that of leases (:mod:`farm.units.leases`). ``then`` is done in the same transaction, before it ends.
    """
    at = now or utc_now()
    with database.write(in_turn=True) as session:
        by_index(session)
        fates = _merge_together(session, messages, at, margin_s)
        failpoint("merge.written")
        if then is not None:
            then(session, at)
    failpoint("merge.committed")
    return fates


def _merge_together(
    session: Session, messages: Sequence[tuple[Message, str | None]], at: datetime, margin_s: float
) -> list[Merged]:
    messages = [(as_report(m) if isinstance(m, RefusalMessage) else m, signer) for m, signer in messages]
    said = [(message, signer) for message, signer in messages if isinstance(message, StartedMessage | ReportMessage)]
    reported = {
        (message.attempt, message.token, signer) for message, signer in said if isinstance(message, ReportMessage)
    }
    batch = Batch(session, {message.attempt for message, _ in said}, {message.unit for message, _ in said}, at)
    fates = []
    for place, (message, signer) in enumerate(messages):
        if not isinstance(message, StartedMessage | ReportMessage):
            fates.append(Merged.UNKNOWN)
            continue
        moment = at + timedelta(microseconds=place)  # so that the order can be told afterwards
        ended = isinstance(message, StartedMessage) and (message.attempt, message.token, signer) in reported
        fates.append(_merge(batch, message, signer, moment, margin_s, ended=ended))
    batch.write()
    decided = redecide(session, batch.judged)
    follow(session, decided, batch.asked, at)
    _search(session, batch, {each.judged for each in decided if each.now is Verdict.PARTIAL})
    return fates


def _search(session: Session, batch: Batch, partial: Collection[Judged]) -> None:
    """What probes observed becomes conditions; a job that ended with a PARTIAL verdict, or a probe, may want a further one."""
    for number in batch.probed:
        state_conditions(session, subject_of(session.get_one(Probe, number)))
    for job, now in batch.done.values():
        if job.probe is not None:
            want_next_round(session, session.get_one(Probe, job.probe), now)
        elif job.judged in partial:
            want_probes(session, session.get_one(Job, job.id), now)


def _merge(
    batch: Batch,
    message: StartedMessage | ReportMessage,
    signer: str | None,
    now: datetime,
    margin_s: float,
    *,
    ended: bool,
) -> Merged:
    """Merge one. Of the beginning of an attempt that has ``ended`` nothing is to be entered: its report says all of it."""
    attempt = batch.attempts.get(message.attempt)
    fate = _fate(attempt, message, signer)
    if attempt is None or fate is not Merged.RECORDED:
        batch.note(f"message {fate}", message.attempt, now, unit=message.unit)
        if attempt is not None and fate is Merged.STALE and _ends_in_vain(attempt, message):
            batch.abandon(attempt, now)
        return fate
    if ended:
        return fate
    # The message carries a unit, so the device is known from here on, also where the attempt ends badly.
    unit = batch.unit(attempt.job.device_type, message.unit, now)
    if isinstance(message, ReportMessage):
        _finish(batch, attempt, unit, message, now)
    else:
        _start(batch, attempt, unit, now, margin_s)
    return fate


def _fate(attempt: AttemptNow | None, message: StartedMessage | ReportMessage, signer: str | None) -> Merged:
    if attempt is None:
        return Merged.UNKNOWN
    if signer is not None and attempt.job.device_type != signer:
        return Merged.FORGED
    if attempt.token != message.token or attempt.job.state in DROPPED:
        return Merged.STALE
    if attempt.state == AttemptState.REPORTED:
        return Merged.DUPLICATE
    if isinstance(message, StartedMessage) and attempt.state not in (AttemptState.DISPATCHED, AttemptState.UNCLAIMED):
        return Merged.DUPLICATE if attempt.state == AttemptState.RUNNING else Merged.STALE
    return Merged.RECORDED


def _ends_in_vain(attempt: AttemptNow, message: StartedMessage | ReportMessage) -> bool:
    """Whether this is the report of an attempt whose job was cancelled meanwhile: its place on the wire is free again."""
    dropped = attempt.job.state in DROPPED and attempt.token == message.token
    return dropped and isinstance(message, ReportMessage) and attempt.state in OPEN_ATTEMPTS


def _start(batch: Batch, attempt: AttemptNow, unit: Conduct, now: datetime, margin_s: float) -> None:
    """A unit has begun the attempt; one that nobody had taken up in time is under way again, before its job is sent anew."""
    batch.begin(attempt, unit, now + timedelta(seconds=lease_s(attempt.job.limit_s, margin_s, waiting=0)))
    batch.move(attempt.job, (JobState.QUEUED, JobState.DISPATCHED), JobState.RUNNING, now)


def _finish(batch: Batch, attempt: AttemptNow, unit: Conduct, message: ReportMessage, now: datetime) -> None:
    job, echoed = attempt.job, _echoes(message.report, attempt)
    report = message.report if echoed else _without_evidence(message.report, attempt)
    batch.enter(attempt, Entry(attempt.id, unit.device_id, report, echoed, message.duration_s, now))
    said = clipped(report.message, MAX_MESSAGE)
    note_report(unit, attempt.id, report.outcome, said, now)
    if wants_another_run([a.outcome for a in job.attempts if a.state == AttemptState.REPORTED and a.outcome]):
        if not any(a.state in OPEN_ATTEMPTS for a in job.attempts):
            ended = f"attempt {attempt.n} ended with {report.outcome} on {unit.name}, and is repeated"
            why = f"{ended}: {said}" if said else ended
            batch.move(job, (JobState.DISPATCHED, JobState.RUNNING), JobState.QUEUED, now, why)
    else:
        batch.move(job, OPEN_JOBS, JobState.DONE, now)
    batch.note("reported", attempt.id, now, outcome=report.outcome, unit=message.unit)


def _echoes(report: AttemptReport, attempt: AttemptNow) -> bool:
    """Whether a report names the bundle and the nonce of its attempt."""
    return report.bundle == attempt.job.judged.bundle and report.nonce == attempt.nonce


def _without_evidence(report: AttemptReport, attempt: AttemptNow) -> AttemptReport:
    """A report that does not echo the bundle and the nonce of its attempt: if it is a good one, it shows nothing."""
    if report.outcome.group is not Group.GOOD:
        return report
    what = "bundle" if report.bundle != attempt.job.judged.bundle else "nonce"
    return replace(
        report,
        outcome=Outcome.VACUOUS,
        cause=Cause.HARNESS,
        message=f"the report does not echo the {what} of its attempt",
    )
