"""Probes as rows: when one is wanted, what was observed by all of them, and the condition that stands with the verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import convert
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from farm.conditions.choose import ROUNDS
from farm.conditions.infer import UNDER_WAY, infer
from farm.conditions.sizes import Observation, Size
from farm.database.claims import claimable
from farm.database.models import Attempt, Job, Probe, Verdict
from farm.states.conversions import OPEN_CONVERSIONS, ConversionState
from farm.states.jobs import OPEN_JOBS, AttemptState
from farm.states.verdict import Verdict as VerdictName
from farm.states.verdict import gainsaid
from farm.units.conduct import facts_of
from workers.outcome import Group, Outcome

#: A limit on the time of a whole attempt says nothing of one size; nor does a device that gives now this, now that.
_NOT_OF_A_SIZE = (Outcome.DEVICE_TIMEOUT, Outcome.NONDETERMINISTIC)


class Subject(NamedTuple):
    """What a verdict is on, on whatever stack."""

    bundle: str
    device_type_id: int
    policy: str


def subject_of(row: Job | Probe) -> Subject:
    """Of a job on a bundle itself, or of a probe."""
    return Subject(row.bundle, row.device_type_id, row.policy)


def want_probes(session: Session, job: Job, now: datetime) -> None:
    """``job`` came to its end: queue a probe of each stack on which its bundle is PARTIAL now and was never probed."""
    probed = select(Probe.stack).where(*_on(Probe, subject_of(job)))
    query = select(Verdict.stack).where(*_on(Verdict, subject_of(job)))
    for stack in session.scalars(query.where(Verdict.verdict == VerdictName.PARTIAL, Verdict.stack.not_in(probed))):
        session.add(
            Probe(
                **subject_of(job)._asdict(),
                stack=stack,
                round=1,
                submission_id=job.submission_id,
                commit=job.submission.commit,
                architecture_id=job.architecture_id,
                state=ConversionState.QUEUED,
                created=now,
            )
        )


def want_next_round(session: Session, probe: Probe, now: datetime) -> None:
    """The job of ``probe`` came to its end: queue the next one, unless it was the last."""
    rounds = select(func.max(Probe.round)).where(*_on(Probe, subject_of(probe)), Probe.stack == probe.stack)
    if (session.scalar(rounds) or 0) != probe.round or probe.round >= ROUNDS:
        return
    kept = ("stack", "submission_id", "commit", "architecture_id")
    session.add(
        Probe(
            **subject_of(probe)._asdict(),
            **{name: getattr(probe, name) for name in kept},
            round=probe.round + 1,
            state=ConversionState.QUEUED,
            created=now,
        )
    )


def state_conditions(session: Session, subject: Subject) -> None:
    """Put the condition beside each PARTIAL verdict that a probe has looked into."""
    query = select(Verdict).where(*_on(Verdict, subject), Verdict.verdict == VerdictName.PARTIAL)
    partial = session.scalars(query.execution_options(populate_existing=True)).all()  # it was written past the session
    if not partial:
        return
    probes = _made(session, subject)
    if not probes:
        return
    seen = observed(session, subject, probes)
    probed = _stacks_probed(session, probes)
    for verdict in partial:
        if verdict.stack in probed:
            verdict.condition = infer(seen.get(verdict.stack, ())).to_json()


def observed(
    session: Session, subject: Subject, probes: Sequence[Probe], samples: Mapping[str, Size] | None = None
) -> dict[str, list[Observation]]:
    """By stack, what attempts said of each size: those on the bundle itself and those of ``probes``.

    ``samples`` are the sizes of the bundle's own, by name; without, those that ``probes`` have recorded with theirs. What one
    unit alone failed (:func:`~farm.states.verdict.gainsaid`) is not the network's.
    """
    sizes = {probe.made: {size.sample: size for size in sizes_of(probe)} for probe in probes}
    # A probe's bundle has the samples of the bundle too.
    sizes[subject.bundle] = dict(samples or next(iter(sizes.values()), {}))
    groups: defaultdict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for attempt in _reported(session, subject, probes):
        if attempt.stack is not None:
            groups[attempt.stack, attempt.job.bundle].append(attempt)
    found: defaultdict[str, list[Observation]] = defaultdict(list)
    for (stack, bundle), attempts in groups.items():
        alone = gainsaid([facts_of(attempt) for attempt in attempts])
        for position, attempt in enumerate(attempts):
            if position not in alone:
                found[stack] += _of_attempt(attempt, sizes.get(bundle, {}))
    return dict(found)


def _of_attempt(attempt: Attempt, sizes: Mapping[str, Size]) -> list[Observation]:
    said = [(sizes.get(case.sample), Outcome(case.outcome)) for case in attempt.cases]
    return [
        Observation(size, outcome.group is Group.GOOD)
        for size, outcome in said
        if size is not None
        and outcome.group in (Group.GOOD, Group.PRODUCT)
        and outcome not in _NOT_OF_A_SIZE
    ]  # fmt: skip


def _reported(session: Session, subject: Subject, probes: Sequence[Probe]) -> Sequence[Attempt]:
    own = (Job.bundle == subject.bundle) & Job.probe_id.is_(None)
    query = (
        select(Attempt)
        .join(Job)
        .where(Job.device_type_id == subject.device_type_id, Job.policy == subject.policy)
        .where(or_(own, Job.probe_id.in_([probe.id for probe in probes])))
        .where(Attempt.state == AttemptState.REPORTED)
        .order_by(Attempt.finished, Attempt.id)
        .options(joinedload(Attempt.job), selectinload(Attempt.cases))
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()


def earlier(session: Session, probe: Probe) -> list[Probe]:
    """Probes of the same verdicts that have a bundle, the first one first."""
    return [other for other in _made(session, subject_of(probe)) if other.id != probe.id]


def sizes_of(probe: Probe) -> list[Size]:
    """The sizes of the samples of its bundle."""
    return convert(probe.sizes, list[Size])


def probe_waits(session: Session, now: datetime) -> bool:
    """Whether there is a probe that no converter has."""
    return session.scalar(select(Probe.id).where(claimable(Probe, now)).limit(1)) is not None


def claim_probes(session: Session, lease: timedelta, now: datetime, batch: int) -> list[Probe]:
    """Up to a batch of the probes of one commit that no converter has, the first ones first."""
    free = select(Probe).where(claimable(Probe, now)).order_by(Probe.id).options(joinedload(Probe.architecture))
    first = session.scalar(free.limit(1))
    if first is None:
        return []
    claimed = session.scalars(free.where(Probe.commit == first.commit).limit(batch)).all()
    for probe in claimed:
        probe.state, probe.lease_until = ConversionState.RUNNING, now + lease
    return list(claimed)


def under_way() -> ColumnElement[bool]:
    """Whether a probe has not come to its end: a converter has yet to make its samples, or a unit to run them."""
    job = select(Job.id).where(Job.probe_id == Probe.id, Job.state.in_(OPEN_JOBS))
    return or_(Probe.state.in_(OPEN_CONVERSIONS), job.exists())


def probing(session: Session, bundles: Collection[str]) -> dict[tuple[str, int, str, str], str]:
    """By bundle, device type, policy and stack, how far the last probe of a verdict is: under way, or why it has no samples."""
    if not bundles:
        return {}
    query = select(Probe, under_way()).where(Probe.bundle.in_(bundles)).order_by(Probe.round)
    found: dict[tuple[str, int, str, str], str] = {}
    for probe, is_open in session.execute(query):
        found[*subject_of(probe), probe.stack] = UNDER_WAY if is_open else probe.message
    return found


def _made(session: Session, subject: Subject) -> list[Probe]:
    query = select(Probe).where(*_on(Probe, subject), Probe.made.is_not(None)).order_by(Probe.id)
    return list(session.scalars(query))


def _stacks_probed(session: Session, probes: Sequence[Probe]) -> set[str | None]:
    """Those on which a unit has reported an attempt of one of ``probes``."""
    query = select(Attempt.stack).join(Job).where(Job.probe_id.in_([p.id for p in probes]))
    return set(session.scalars(query.where(Attempt.state == AttemptState.REPORTED).distinct()))


def _on(table: type[Probe] | type[Verdict], subject: Subject) -> list[ColumnElement[bool]]:
    return [
        table.bundle == subject.bundle,
        table.device_type_id == subject.device_type_id,
        table.policy == subject.policy,
    ]
