"""Verdicts with all that the table shows of them, one row of one table each: ten thousand are read in one query."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct
from sqlalchemy import bindparam, exists, select, tuple_
from sqlalchemy.orm import Session, aliased

from farm.database import models as db
from farm.database.among import among
from farm.database.parts import AT_ONCE, in_parts
from farm.database.server import BINARY_ROWS
from farm.states.cell import Source
from farm.states.jobs import JobState
from farm.states.verdict import Verdict
from farm.verdicts.figures import Figures, unpack
from farm.verdicts.inheritance import Standing
from farm.verdicts.shown import Shown
from farm.verdicts.shown import unpack as unpack_shown

_VERDICTS = {verdict.value: verdict for verdict in Verdict}
_VERDICTS_ON = select(
    db.Verdict.bundle, db.Verdict.device_type_id, db.Verdict.policy, db.Verdict.stack, db.Verdict.verdict,
    db.Verdict.condition, db.Verdict.shown,
).where(
    among(db.Verdict.bundle, "bundles"),
    db.Verdict.policy.in_(bindparam("policies", expanding=True)),
).execution_options(**{BINARY_ROWS: True})  # fmt: skip
_BUNDLES_AT = select(db.Snapshot.bundle, db.Snapshot.commit, db.Snapshot.architecture_id).where(
    among(db.Snapshot.commit, "commits"),
    among(db.Snapshot.architecture_id, "architectures"),
)
_JUDGED = select(db.Verdict.bundle, db.Verdict.device_type_id, db.Verdict.policy).where(
    among(db.Verdict.bundle, "bundles"),
    db.Verdict.device_type_id.in_(bindparam("types", expanding=True)),
    db.Verdict.policy.in_(bindparam("policies", expanding=True)),
    db.Verdict.verdict != Verdict.NO_VERDICT,
)

_later = aliased(db.Job)
_STATES_OF = select(db.Job.bundle, db.Job.device_type_id, db.Job.policy, db.Job.state).where(
    among(db.Job.bundle, "bundles"),
    # Said so that there is an index for it: where few jobs are in these states, PostgreSQL looks for them first.
    among(db.Job.device_type_id, "types"),
    db.Job.state.in_([state for state in JobState if state is not JobState.DONE]),
    ~exists().where(
        _later.bundle == db.Job.bundle,
        _later.device_type_id == db.Job.device_type_id,
        _later.policy == db.Job.policy,
        _later.id > db.Job.id,
    ),
)


class RecordedVerdict(Struct, frozen=True, gc=False):
    """A verdict, and all that is shown of it."""

    bundle: str
    device_type_id: int
    policy: str
    stack: str
    verdict: Verdict
    condition: dict[str, Any] | None
    shown: Shown

    @property
    def key(self) -> tuple[str, int, str, str]:
        """What it is a verdict of."""
        return self.bundle, self.device_type_id, self.policy, self.stack

    @property
    def standing(self) -> Standing:
        """What the rules of inheritance ask of it."""
        return Standing(self.verdict, self.stack, self.shown.proved)


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of an attempt that measured for another one's verdict, and where they come from."""

    figures: Figures
    source: Source


def read_verdicts(session: Session, bundles: Collection[str], policies: Mapping[int, str]) -> Iterator[RecordedVerdict]:
    """The verdicts on ``bundles`` for some device types, by whose rows ``policies`` has the key of the policy of each."""
    connection = session.connection()  # rows as they are: to the session each of them is a thing to be looked after
    wanted = list(set(policies.values()))
    for part in in_parts(bundles):
        found = connection.execute(_VERDICTS_ON, {"bundles": part, "policies": wanted})
        # By the hundred: asked for one by one rows take longer, and all of them at once more memory than is near.
        for some in found.partitions(AT_ONCE):
            for bundle, type_id, policy, stack, verdict, condition, packed in some:
                if policies.get(type_id) == policy:
                    yield RecordedVerdict(
                        bundle, type_id, policy, stack, _VERDICTS[verdict], condition, unpack_shown(packed)
                    )


def read_measured(session: Session, attempts: Collection[str]) -> dict[str, Measured]:
    """What these attempts measured, by their ids."""
    query = (
        select(db.Attempt.id, db.Attempt.figures, db.Attempt.finished, db.Submission.commit)
        .join(db.Job, db.Attempt.job_id == db.Job.id)
        .join(db.Submission, db.Job.submission_id == db.Submission.id)
    )
    found = (row for part in in_parts(attempts) for row in session.execute(query.where(db.Attempt.id.in_(part))))
    return {attempt: Measured(unpack(figures), Source(attempt, commit, at)) for attempt, figures, at, commit in found}


def newest_judged(
    session: Session, shown: str, lacking: Mapping[tuple[int, str], Collection[int]]
) -> dict[tuple[int, int, str], str]:
    """By architecture, device type and policy: the bundle that was judged at the newest commit not newer than ``shown``.

    ``lacking`` are the architectures that it is wanted of, by device type and policy. Of most the commit before has a verdict,
    so commits are looked through from the newest on, in steps that grow.
    """
    lacks = [key for key, architectures in lacking.items() if architectures]
    asked = _ever(session, lacks) if lacks else []
    wanted = {(architecture, *key) for key in asked for architecture in lacking[key]}
    commits = _not_newer(session, shown) if wanted else []
    found: dict[tuple[int, int, str], str] = {}
    first, step = 0, 1
    while first < len(commits) and wanted:
        some = commits[first : first + step]
        newest = {commit: place for place, commit in enumerate(some)}
        judged = sorted(_judged(session, some, wanted), key=lambda row: newest[row[0]])
        for _, bundle, key in judged:
            found.setdefault(key, bundle)
        wanted -= found.keys()
        first, step = first + step, min(4 * step, AT_ONCE)
    return found


def _ever(session: Session, keys: Collection[tuple[int, str]]) -> list[tuple[int, str]]:
    """Those device types and policies that have any verdict."""
    # Not as EXISTS, which PostgreSQL makes a join of, and reads all verdicts for.
    any_verdict = select(db.Verdict.bundle).where(
        db.Verdict.device_type_id == db.DeviceType.id, db.Verdict.policy == db.Policy.key
    )
    query = select(db.DeviceType.id, db.Policy.key, any_verdict.limit(1).scalar_subquery())
    found = session.connection().execute(query.join(db.Policy, tuple_(db.DeviceType.id, db.Policy.key).in_(keys)))
    return [(type_id, policy) for type_id, policy, verdict in found if verdict is not None]


def _judged(
    session: Session, commits: Collection[str], wanted: Collection[tuple[int, int, str]]
) -> Iterator[tuple[str, str, tuple[int, int, str]]]:
    """Commit and bundle of what is wanted and was judged at these commits, and what it is: one of those that are wanted."""
    connection = session.connection()
    # Not joined with the verdicts: PostgreSQL would read all snapshots for it, and each verdict once for each commit.
    at: dict[str, list[tuple[str, int]]] = {}
    for part in in_parts({architecture for architecture, _, _ in wanted}):
        found = connection.execute(_BUNDLES_AT, {"commits": commits, "architectures": part})
        for bundle, commit, architecture in found:
            if bundle:
                at.setdefault(bundle, []).append((commit, architecture))
    of = {"types": list({type_id for _, type_id, _ in wanted}), "policies": list({policy for _, _, policy in wanted})}
    for some in in_parts(at):
        for bundle, type_id, policy in connection.execute(_JUDGED, {**of, "bundles": some}):
            for commit, architecture in at[bundle]:
                if (architecture, type_id, policy) in wanted:
                    yield commit, bundle, (architecture, type_id, policy)


def _not_newer(session: Session, key: str) -> Sequence[str]:
    """The commits, the newest first. Uncommitted changes have the date of the one that they are made on, but are newer."""
    shown = session.get_one(db.Commit, key)
    same = db.Commit.date == shown.date
    older = (db.Commit.date < shown.date) | (same if shown.dirty else same & ~db.Commit.dirty)
    order = (db.Commit.date.desc(), db.Commit.dirty.desc(), db.Commit.recorded.desc())
    return session.scalars(select(db.Commit.key).where(older).order_by(*order)).all()


def read_states(session: Session, bundles: Collection[str], policies: Mapping[int, str]) -> dict[str, dict[int, str]]:
    """By bundle and device type: state of the newest job, where it is under way, or ended without having run.

    ``policies`` are as in :func:`read_verdicts`.

    A job that is done says so by its verdict; of jobs there are as many as of attempts, so those are left to the database.
    """
    found: dict[str, dict[int, str]] = {}
    for part in in_parts(bundles):
        of = {"bundles": part, "types": list(policies)}
        for bundle, type_id, policy, state in session.connection().execute(_STATES_OF, of):
            if policies.get(type_id) == policy:
                found.setdefault(bundle, {})[type_id] = state
    return found
