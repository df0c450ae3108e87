"""Deriving verdicts anew, from all that was ever reported on a bundle; read and written in one statement a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from farm.database.among import among
from farm.database.models import Attempt, CaseResult, Device, Job, Submission, Verdict
from farm.database.models.base import table_of
from farm.database.statements import Answer, Statement, ask, put
from farm.states.jobs import AttemptState
from farm.states.verdict import Decision, Facts, decide
from farm.states.verdict import Verdict as VerdictName
from farm.units.conduct import suspect
from farm.units.stacks import UNKNOWN, record_stack
from farm.verdicts.performance import measured_by
from farm.verdicts.probes import Subject, state_conditions
from farm.verdicts.shown import pack
from workers.outcome import Cause, Outcome


class Judged(NamedTuple):
    """What verdicts are of: a bundle, on a device type's configuration, under a policy."""

    bundle: str
    device_type_id: int
    policy: str


@dataclass(frozen=True, slots=True)
class Redecided:
    """What became of the verdict on one stack: its names before and now, ``None`` where there was or is none.

    ``attempt`` is the one that the verdict of now quotes, ``outcome`` what it ended with.
    """

    judged: Judged
    stack: str
    before: VerdictName | None
    now: VerdictName | None
    outcome: Outcome | None = None
    attempt: str | None = None


#: Those that are not reported too: asked for by their state, a database may walk through all that was ever reported.
_ATTEMPTS = Statement(
    select(
        Attempt.id, Attempt.state, Attempt.stack, Attempt.outcome, Attempt.cause, Attempt.device_id, Attempt.finished,
        Attempt.performance, Job.bundle, Job.device_type_id, Job.policy, Attempt.message, Attempt.rejudged, Device.unit,
        Submission.id.label("submission"), Submission.commit, Attempt.figures,
    )
    .join(Job, Attempt.job_id == Job.id)
    .join(Submission, Job.submission_id == Submission.id)
    .outerjoin(Device, Attempt.device_id == Device.id)
    .where(among(Job.bundle, "bundles"))
    .order_by(Attempt.finished, Attempt.id)
)  # fmt: skip
#: Of the same, so that they are asked for together.
_CASES = Statement(
    select(CaseResult.attempt_id, CaseResult.outcome, CaseResult.latency_ms)
    .join(Attempt, CaseResult.attempt_id == Attempt.id)
    .join(Job, Attempt.job_id == Job.id)
    .where(among(Job.bundle, "bundles"))
    .order_by(CaseResult.id)
)
_BEFORE = Statement(
    select(Verdict.bundle, Verdict.device_type_id, Verdict.policy, Verdict.stack, Verdict.verdict).where(
        among(Verdict.bundle, "bundles")
    )
)
_FORGET = Statement(
    delete(table_of(Verdict)).where(
        Verdict.bundle == bindparam("of_bundle"),
        Verdict.device_type_id == bindparam("of_type"),
        Verdict.policy == bindparam("of_policy"),
    )
)
_ENTER = Statement(insert(table_of(Verdict)))


@dataclass(frozen=True, slots=True)
class _Said:
    """A reported attempt: its row, and what it says; ``timed`` is whether it took any latency."""

    row: Any
    facts: Facts
    timed: bool


def redecide(session: Session, moments: Mapping[Judged, datetime]) -> list[Redecided]:
    """Derive the verdicts of all that was judged, each as of its moment, one a stack, from all reported attempts.

    A unit that stands alone with a failure is suspected. Returns what became of each verdict that there was or is.
    """
    if not moments:
        return []
    bundles = {"bundles": {each.bundle for each in moments}}
    attempts, cases, verdicts_before = (ask(session, each, bundles) for each in (_ATTEMPTS, _CASES, _BEFORE))
    said, before = _said(session, moments, attempts, cases), _before(verdicts_before, moments)
    forgotten = {key[0] for key in before}
    rows = [{"of_bundle": j.bundle, "of_type": j.device_type_id, "of_policy": j.policy} for j in forgotten]
    put(session, _FORGET, rows)
    found: dict[tuple[Judged, str], Redecided] = {}
    verdicts = []
    for (judged, stack), own in said.items():
        moment = moments[judged]
        suspect(session, [(one.row.id, one.facts) for one in own], moment)
        decision = decide([one.facts for one in own])
        verdicts.append(_row(session, judged, stack, own, decision, moment))
        found[judged, stack] = Redecided(
            judged,
            stack,
            before.get((judged, stack)),
            decision.verdict,
            decision.outcome,
            own[decision.position].row.id,
        )
    put(session, _ENTER, verdicts)
    for judged in {judged for (judged, _), each in found.items() if each.now is VerdictName.PARTIAL}:
        state_conditions(session, Subject(*judged))
    gone = [
        Redecided(judged, stack, was, None) for (judged, stack), was in before.items() if (judged, stack) not in found
    ]
    return [*found.values(), *gone]


def _said(
    session: Session, judged: Collection[Judged], attempts: Answer, cases_asked: Answer
) -> dict[tuple[Judged, str], list[_Said]]:
    """Reported attempts, oldest first, by what they are of and the stack that they ran on."""
    rows = [
        row
        for row in attempts.rows
        if row.state == AttemptState.REPORTED and Judged(row.bundle, row.device_type_id, row.policy) in judged
    ]
    cases: defaultdict[str, list[Any]] = defaultdict(list)
    for case in cases_asked.rows:
        cases[case.attempt_id].append(case)
    if any(row.stack is None for row in rows):
        record_stack(session, {})
    said: defaultdict[tuple[Judged, str], list[_Said]] = defaultdict(list)
    for row in rows:
        of_it = cases[row.id]
        facts = Facts(
            Outcome(row.outcome or Outcome.HARNESS_ERROR),
            Cause(row.cause or Cause.UNKNOWN),
            tuple(Outcome(case.outcome) for case in of_it),
            row.device_id,
        )
        timed = any(case.latency_ms is not None for case in of_it)
        said[Judged(row.bundle, row.device_type_id, row.policy), row.stack or UNKNOWN].append(_Said(row, facts, timed))
    return said


def _before(asked: Answer, judged: Collection[Judged]) -> dict[tuple[Judged, str], VerdictName]:
    keyed = ((Judged(row.bundle, row.device_type_id, row.policy), row) for row in asked.rows)
    return {(key, row.stack): VerdictName(row.verdict) for key, row in keyed if key in judged}


def _row(
    session: Session, judged: Judged, stack: str, own: Sequence[_Said], decision: Decision, moment: datetime
) -> dict[str, Any]:
    quoted = own[decision.position]
    row = quoted.row
    made = {
        **judged._asdict(),
        "stack": stack,
        "verdict": decision.verdict,
        "outcome": decision.outcome,
        "cause": decision.cause,
        "attempt_id": row.id,
        "decided": moment,
        "proved": own[decision.newest].row.finished or moment,
        "measured_id": row.id if quoted.timed else measured_by(session, row),
    }
    said = (row.message, row.finished, row.rejudged, row.unit, row.submission, row.commit)
    return {**made, "shown": pack(made, said, row.figures)}
