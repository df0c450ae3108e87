"""Verdicts under another policy, or another version of one, from what was kept of each attempt: no device works for it.

What an attempt observed is entered once more under the new policy: a job that is done, with attempts that say which ones they
are judged again from. Verdicts follow from those as from any (:mod:`farm.verdicts.redecide`), so a replay that comes later
counts beside them. Nothing of the old policy is touched. Where the statistics do not tell what a replay would, nothing is
entered, and the reason is given; nor where a single run fails now, since a failure takes a second run that confirms it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from farm.coordinator.declared import record_policies
from farm.database.engine import Database
from farm.database.models import Attempt, CaseResult, DeviceType, Job, Sample, Snapshot
from farm.database.models import Verdict as VerdictRow
from farm.database.records import case_of, case_row, clipped, record_event
from farm.inventory import Inventory
from farm.regressions.follow import follow
from farm.states.jobs import CONFIRMING_RUNS, AttemptState, JobState
from farm.states.verdict import TELLING, Decision, Facts, Verdict, decide
from farm.units.conduct import facts_of
from farm.verdicts.figures import pack
from farm.verdicts.redecide import Judged, redecide
from workers.judging.evidence import Finding
from workers.judging.rejudge import NeedsReplay, rejudged_case, rejudged_finding
from workers.outcome import Cause, Group, Outcome
from workers.policy import Policy
from workers.report import CaseReport

#: Outcomes of attempts that are judged again: those that tell something, and those that may under other tolerances.
_OUTCOMES = [outcome.value for outcome in Outcome if outcome.group in TELLING or outcome is Outcome.VACUOUS]


@dataclass(frozen=True, slots=True)
class Rejudgement:
    """What became of the verdict on one bundle and stack: ``before`` under ``policy_before``, ``verdict`` under the new one.

    With ``needs_replay``, the reason, nothing was entered; ``verdict`` is then what the statistics say so far, if anything.
    """

    architecture: str
    kind: str
    device: str
    bundle: str
    stack: str
    policy_before: str
    before: Verdict
    verdict: Verdict | None
    outcome: Outcome | None
    margin: float | None
    needs_replay: str = ""


@dataclass(frozen=True, slots=True)
class _Again:
    """An attempt as the new policy judges it."""

    attempt: Attempt
    finding: Finding
    cases: tuple[CaseReport, ...]


def rejudge(
    database: Database,
    inventory: Inventory,
    policy: Policy,
    devices: Sequence[str],
    now: datetime,
    *,
    commit: str | None = None,
) -> list[Rejudgement]:
    """Judge by ``policy`` all that ``devices`` observed under others in their present configuration, and enter it.

    With ``commit``, a recorded one, only bundles of its architectures. What is known under the policy already is left out.

    Raises:
        InventoryError: the policy was used with other numbers before.
    """
    found: list[Rejudgement] = []
    with database.write(in_turn=True) as session:
        record_policies(session, [policy])
    for device in devices:
        with database.read() as session:
            wanted = _wanted(session, inventory, policy, device, commit)
        for bundle, type_id, stack in wanted:
            with database.write(in_turn=True) as session:
                attempts = _attempts(session, bundle, type_id, stack, policy)
                if attempts:
                    found.append(_rejudged(session, attempts, policy, now))
    return sorted(found, key=lambda row: (row.architecture, row.kind, row.device, row.bundle, row.stack))


def _wanted(
    session: Session, inventory: Inventory, policy: Policy, device: str, commit: str | None
) -> list[tuple[str, int, str]]:
    """Bundle, device type and stack of what has a verdict under another policy and none under this one."""
    query = (
        select(VerdictRow.bundle, VerdictRow.device_type_id, VerdictRow.stack)
        .join(DeviceType, VerdictRow.device_type_id == DeviceType.id)
        .where(DeviceType.name == device, DeviceType.configuration == inventory.device(device).configuration)
    )
    if commit is not None:
        query = query.where(VerdictRow.bundle.in_(select(Snapshot.bundle).where(Snapshot.commit == commit)))
    known = {tuple(row) for row in session.execute(query.where(VerdictRow.policy == policy.key))}
    others = session.execute(query.where(VerdictRow.policy != policy.key).distinct())
    return sorted((bundle, kind, stack) for bundle, kind, stack in others if (bundle, kind, stack) not in known)


def _attempts(session: Session, bundle: str, type_id: int, stack: str, policy: Policy) -> Sequence[Attempt]:
    """What was observed on one bundle and stack, oldest first, and is not entered under ``policy`` yet.

    Somebody else may have done so since it was looked at last.
    """
    copy, its_job = aliased(Attempt), aliased(Job)
    entered = (
        select(copy.id)
        .join(its_job, copy.job_id == its_job.id)
        .where(copy.rejudged == Attempt.id, its_job.policy == policy.key)
    )
    query = (
        select(Attempt)
        .join(Job, Attempt.job_id == Job.id)
        .where(Job.bundle == bundle, Job.device_type_id == type_id, Job.policy != policy.key)
        .where(Attempt.stack == stack, Attempt.rejudged.is_(None), Attempt.outcome.in_(_OUTCOMES))
        .where(Attempt.state == AttemptState.REPORTED, ~entered.exists())
        .order_by(Attempt.finished, Attempt.id)
        .options(
            joinedload(Attempt.job).joinedload(Job.architecture),
            selectinload(Attempt.cases).selectinload(CaseResult.tensors),
            selectinload(Attempt.cases).selectinload(CaseResult.layer),
        )
    )
    return session.scalars(query).all()


def _rejudged(session: Session, attempts: Sequence[Attempt], policy: Policy, now: datetime) -> Rejudgement:
    job = attempts[-1].job
    samples = session.scalars(select(Sample.name).where(Sample.bundle == job.bundle).order_by(Sample.position)).all()
    before = decide([facts_of(attempt) for attempt in attempts]).verdict
    try:
        again = [_again(attempt, policy, samples) for attempt in attempts]
    except NeedsReplay as unknown:
        return _told(attempts, before, None, None, str(unknown))
    decision = decide([_facts(one) for one in again])
    if reason := _unconfirmed(again):
        return _told(attempts, before, decision, _margin(again), reason)
    _enter(session, again, policy, now)
    return _told(attempts, before, decision, _margin(again), "")


def _again(attempt: Attempt, policy: Policy, samples: Sequence[str]) -> _Again:
    was = Outcome(attempt.outcome or Outcome.HARNESS_ERROR)
    known = [case_of(row) for row in attempt.cases]
    cases = [rejudged_case(case, policy) for case in known]
    finding = rejudged_finding(was, known, cases, samples)
    if finding is None:
        finding = Finding(was, Cause(attempt.cause or Cause.UNKNOWN), attempt.message)
    elif finding.outcome.group is Group.GOOD and was.group is not Group.GOOD and not attempt.echoed:
        raise NeedsReplay("its report is not known to name the bundle and the nonce of the attempt")
    if finding.outcome is was:
        finding = replace(finding, cause=Cause(attempt.cause or Cause.UNKNOWN))  # what was found out of it since
    return _Again(attempt, finding, tuple(cases))


def _unconfirmed(again: Sequence[_Again]) -> str:
    """Why what was observed is not enough, though each of it is judged."""
    groups = [one.finding.outcome.group for one in again]
    if Group.PRODUCT not in groups or sum(g in (Group.PRODUCT, Group.GOOD) for g in groups) >= CONFIRMING_RUNS:
        return ""
    return "the only run fails now, and a second one has to confirm it"


def _enter(session: Session, again: Sequence[_Again], policy: Policy, now: datetime) -> None:
    jobs: dict[int, Job] = {}
    for n, one in enumerate(again, start=1):
        old = one.attempt.job
        if old.id not in jobs:
            jobs[old.id] = Job(
                submission_id=old.submission_id,
                bundle=old.bundle,
                architecture_id=old.architecture_id,
                device_type_id=old.device_type_id,
                policy=policy.key,
                state=JobState.DONE,
                priority=old.priority,
                created=now,
                since=now,
            )
            session.add(jobs[old.id])
            session.flush()
        session.add(_copy(one, jobs[old.id], n))
    session.flush()
    job = next(iter(jobs.values()))
    follow(session, redecide(session, {Judged(job.bundle, job.device_type_id, job.policy): now}), (), now)
    record_event(session, "rejudged", again[-1].attempt.id, now, policy=policy.key, outcome=again[-1].finding.outcome)


def _copy(one: _Again, job: Job, n: int) -> Attempt:
    """What ``one`` observed, as an attempt of ``job``. It took no device's time, so it has no duration."""
    old, cases = one.attempt, [case_row(case) for case in one.cases]
    return Attempt(
        id=uuid.uuid4().hex,
        job_id=job.id,
        n=n,
        token=old.token,
        nonce=old.nonce,
        state=AttemptState.REPORTED,
        dispatched=old.dispatched,
        lease_until=old.lease_until,
        finished=old.finished,
        device_id=old.device_id,
        stack=old.stack,
        performance=old.performance,
        outcome=one.finding.outcome,
        cause=one.finding.cause,
        message=clipped(one.finding.message, 4096),
        stage=old.stage,
        signal=old.signal,
        unsupported=list(old.unsupported),
        load_ms=old.load_ms,
        peak_memory_bytes=old.peak_memory_bytes,
        log=old.log,
        echoed=old.echoed,
        rejudged=old.id,
        cases=cases,
        figures=pack(cases, old.unsupported),
    )


def _told(
    attempts: Sequence[Attempt], before: Verdict, decision: Decision | None, margin: float | None, needs_replay: str
) -> Rejudgement:
    last = attempts[-1]
    return Rejudgement(
        last.job.architecture.name,
        last.job.architecture.kind,
        last.job.device_type.name,
        last.job.bundle,
        last.stack or "",
        last.job.policy,
        before,
        decision.verdict if decision else None,
        decision.outcome if decision else None,
        margin,
        needs_replay,
    )


def _margin(again: Sequence[_Again]) -> float | None:
    """The least margin of the newest attempt."""
    margins = [tensor.margin for case in again[-1].cases for tensor in case.tensors if tensor.margin is not None]
    return min(margins, default=None)


def _facts(one: _Again) -> Facts:
    cases = tuple(case.outcome for case in one.cases)
    return Facts(one.finding.outcome, one.finding.cause, cases, one.attempt.device_id)
