"""What was tested of one cell of the table: at which commits, on which stacks, and with which end.

A bundle counts at every commit that has it, whoever it was tested for. It passes where it is ``SUPPORTED``. It fails where it
is ``FAILED`` or ``PARTIAL`` and a second run confirmed that; or where the code of a commit does not convert. All else says
nothing: ``FLAKY``, ``UNSUPPORTED``, no verdict, and uncommitted changes, which nothing ever comes after. What does not convert
fails on every device type as it is configured and judged now; on others nothing could ever mend it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.database import models as db
from farm.regressions.lines import Point
from farm.states.conversions import ConversionState
from farm.states.jobs import CONFIRMING_RUNS, AttemptState
from farm.states.verdict import Verdict
from workers.outcome import Cause, Group, Outcome

#: Verdicts that are failures, once they are confirmed. One that passes by turns is neither.
FAILING = (Verdict.FAILED, Verdict.PARTIAL)
PRODUCT = tuple(outcome.value for outcome in Outcome if outcome.group is Group.PRODUCT)
#: The number of the stack of what did not convert where nothing was ever judged.
_NO_STACK = 0
_TERMS = "terms of device types"


class CellKey(NamedTuple):
    """A cell of the table, at all commits."""

    architecture_id: int
    device_type_id: int
    policy: str


class Judgement(NamedTuple):
    """A verdict on a bundle and stack, and the attempt that it quotes."""

    verdict: Verdict
    attempt: str


class Refusal(NamedTuple):
    """What a conversion said that failed."""

    outcome: Outcome
    cause: Cause
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Of one cell.

    Args:
        tested: whether each point passes.
        bundles: by commit.
        stacks: hashes, in the order in which they were rolled out: by the numbers of points.
        judged: by bundle and hash of the stack.
        refused: conversions that failed, by commit.
    """

    tested: Mapping[Point, bool]
    bundles: Mapping[str, str]
    stacks: tuple[str, ...]
    judged: Mapping[tuple[str, str], Judgement]
    refused: Mapping[str, Refusal]

    def point(self, commit: str, stack: str | None) -> Point:
        """A commit on a stack, by its hash; without one, the commit as what was not converted there."""
        return Point(commit, self.stacks.index(stack) if stack in self.stacks else max(_NO_STACK, len(self.stacks) - 1))

    def passes(self, bundle: str, stack: str) -> bool:
        """Whether a bundle passes on a stack, by its hash."""
        judgement = self.judged.get((bundle, stack))
        return judgement is not None and judgement.verdict is Verdict.SUPPORTED

    def bundle(self, point: Point) -> str | None:
        """The bundle that was judged; ``None`` where there was none to judge."""
        return None if point.commit in self.refused else self.bundles[point.commit]


def read_cell(session: Session, key: CellKey) -> Reading:
    """Read what was tested of a cell."""
    snapshots = (
        select(db.Snapshot.commit, db.Snapshot.bundle)
        .join(db.Commit, db.Snapshot.commit == db.Commit.key)
        .where(db.Snapshot.architecture_id == key.architecture_id, db.Snapshot.bundle.is_not(None), ~db.Commit.dirty)
    )
    refused, doubted = _conversions(session, key.architecture_id)
    bundles = {c: b for c, b in session.execute(snapshots) if b and c not in refused and c not in doubted}
    judged = _judged(session, key, set(bundles.values()))
    stacks = _in_order(session, {stack for _, stack in judged})
    confirmed = _confirmed(session, key, {b for (b, _), j in judged.items() if j.verdict in FAILING})
    by_bundle: dict[str, list[tuple[int, bool]]] = {}
    for (bundle, stack), judgement in judged.items():
        if judgement.verdict is Verdict.SUPPORTED or (judgement.verdict in FAILING and bundle in confirmed):
            passes = judgement.verdict is Verdict.SUPPORTED
            by_bundle.setdefault(bundle, []).append((stacks.index(stack), passes))
    tested = {Point(c, stack): passes for c, b in bundles.items() for stack, passes in by_bundle.get(b, ())}
    if (key.device_type_id, key.policy) not in present_terms(session):
        refused = {}
    tested |= dict.fromkeys((Point(commit, max(_NO_STACK, len(stacks) - 1)) for commit in refused), False)
    return Reading(tested, bundles, stacks, judged, refused)


def _judged(session: Session, key: CellKey, bundles: Collection[str]) -> dict[tuple[str, str], Judgement]:
    known = select(db.Snapshot.bundle).where(db.Snapshot.architecture_id == key.architecture_id)
    query = select(db.Verdict.bundle, db.Verdict.stack, db.Verdict.verdict, db.Verdict.attempt_id).where(
        db.Verdict.bundle.in_(known), db.Verdict.device_type_id == key.device_type_id, db.Verdict.policy == key.policy
    )
    return {(b, s): Judgement(Verdict(v), attempt) for b, s, v, attempt in session.execute(query) if b in bundles}


def _in_order(session: Session, stacks: Collection[str]) -> tuple[str, ...]:
    if len(stacks) < 2:
        return tuple(stacks)
    query = select(db.Stack.hash).where(db.Stack.hash.in_(stacks)).order_by(db.Stack.recorded, db.Stack.hash)
    return tuple(session.scalars(query))


def _confirmed(session: Session, key: CellKey, bundles: Collection[str]) -> set[str]:
    """Of bundles that fail, those that failed in two runs: the retry rules of jobs ask for the second one."""
    if not bundles:
        return set()
    query = (
        select(db.Job.bundle)
        .join(db.Attempt, db.Attempt.job_id == db.Job.id)
        .where(
            db.Job.bundle.in_(bundles),
            db.Job.device_type_id == key.device_type_id,
            db.Job.policy == key.policy,
            db.Attempt.state == AttemptState.REPORTED,
            db.Attempt.outcome.in_(PRODUCT),
            db.Attempt.cause != Cause.DEVICE_UNIT,
        )
        .group_by(db.Job.bundle)
        .having(func.count() >= CONFIRMING_RUNS)
    )
    return set(session.scalars(query))


def _conversions(session: Session, architecture_id: int) -> tuple[dict[str, Refusal], set[str]]:
    """What did not convert, by commit; and the commits at which conversions differ, so that a verdict says little."""
    query = (
        select(db.Conversion.commit, db.Conversion.outcome, db.Conversion.cause, db.Conversion.message)
        .join(db.Commit, db.Conversion.commit == db.Commit.key)
        .where(
            db.Conversion.architecture_id == architecture_id,
            db.Conversion.outcome.in_(PRODUCT),
            db.Conversion.state.in_((ConversionState.FAILED, ConversionState.DONE)),
            ~db.Commit.dirty,
        )
    )
    refused: dict[str, Refusal] = {}
    doubted: set[str] = set()
    for commit, outcome, cause, message in session.execute(query):
        if outcome == Outcome.NONDETERMINISTIC:
            doubted.add(commit)
        elif outcome is not None:
            refused[commit] = Refusal(Outcome(outcome), Cause(cause or Cause.UNKNOWN), message)
    return refused, doubted


def present_terms(session: Session) -> frozenset[tuple[int, str]]:
    """Configuration and policy that each device type was last asked a job for; read once for a session."""
    if _TERMS not in session.info:
        newest = select(func.max(db.Job.id)).group_by(db.Job.device_type_id)
        query = (
            select(db.DeviceType.name, db.Job.device_type_id, db.Job.policy)
            .join(db.Job, db.Job.device_type_id == db.DeviceType.id)
            .where(db.Job.id.in_(newest))
            .order_by(db.Job.id)
        )
        last = {name: (device_type, policy) for name, device_type, policy in session.execute(query)}
        session.info[_TERMS] = frozenset(last.values())
    terms: frozenset[tuple[int, str]] = session.info[_TERMS]
    return terms


def cells_of(session: Session, architectures: Iterable[int]) -> list[CellKey]:
    """All cells of architectures that were ever judged."""
    query = (
        select(db.Snapshot.architecture_id, db.Verdict.device_type_id, db.Verdict.policy)
        .join(db.Verdict, db.Verdict.bundle == db.Snapshot.bundle)
        .where(db.Snapshot.architecture_id.in_(list(architectures)))
        .distinct()
    )
    return sorted(CellKey(*row) for row in session.execute(query))
