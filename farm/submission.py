"""Entering a plan in the database: one row for every architecture of the state, conversions and jobs for the selected ones."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased, joinedload

from farm.conversion.repeats import want_repeats
from farm.conversion.states import ConversionState
from farm.coordinator.inheritance import Reprove
from farm.coordinator.jobs import Need, policy_row, unjudged, want_verdicts
from farm.coordinator.loop import now as clock
from farm.coordinator.records import clipped, record_event
from farm.coordinator.states import JobState
from farm.database.engine import Database
from farm.database.models import Architecture, Bundle, Commit, Conversion, DeviceType, Job, Repeat, Snapshot, Submission
from farm.inventory import Inventory
from farm.last_change import Change
from farm.planning import Entry, Plan, State
from workers.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a plan: how many architectures are converted anew, how many bundles were known, jobs by need.

    ``devices`` are the device types that it is for. Jobs of what is converted anew are not among these: they come later.
    """

    submission: str
    commit: str
    converting: int
    known: int
    devices: tuple[str, ...]
    jobs: Mapping[str, int] = field(default_factory=dict)

    @property
    def inherited(self) -> int:
        """Verdicts that count for the known bundles, failures too."""
        return self.jobs.get(Need.INHERITED, 0) + self.jobs.get(Need.INHERITED_FAILURE, 0)

    def __str__(self) -> str:
        """How much of it there is to do, in words."""
        queued = self.jobs.get(Need.QUEUED, 0)
        of_known = f": {self.inherited} verdicts inherited, {queued} jobs queued" if self.known else ""
        return f"{self.converting} to convert, {self.known} known{of_known}"


@dataclass(frozen=True, slots=True)
class Remaining:
    """What a submission still waits for."""

    conversions: int
    jobs: int
    repeats: int = 0

    def __bool__(self) -> bool:
        return bool(self.conversions or self.jobs or self.repeats)


def record(
    database: Database,
    plan: Plan,
    inventory: Inventory,
    toolchain: Mapping[str, str],
    changes: Mapping[str, Change],
    *,
    checkpoints: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    reconvert: bool = False,
    reprove: Reprove = Reprove.NOTHING,
    now: datetime | None = None,
) -> Submitted:
    """Enter ``plan``; in one transaction, so that a submission is whole or is not.

    ``changes`` has the last change of every architecture, by key. A selected architecture whose closure was converted before,
    by the same ``toolchain``, keeps that bundle unless ``reconvert`` is set, the plan doubts it, or its artifacts were
    collected and a device has yet to replay it; verdicts that count for a bundle are inherited, but for those that
    ``reprove`` wants proved again. ``checkpoints`` is what pretrained weights add to the toolchain, by key of the architecture
    that has some.

    Raises:
        InventoryError: the inventory changed a policy's numbers but not its version.
    """
    at = now or clock()
    with database.write(in_turn=True) as session:
        _record_commit(session, plan.state, at)
        for device in inventory.devices:
            policy_row(session, inventory, device)  # refused now rather than after an hour of converting
        submission = Submission(id=uuid.uuid4().hex, commit=plan.state.key, base=plan.base, created=at, reprove=reprove)
        session.add(submission)
        session.flush()
        needs: Counter[str] = Counter()
        converting = known = 0
        for entry in plan.entries:
            snapshot = _record_snapshot(session, plan, entry, changes[entry.architecture.key], at)
            made_by = {**toolchain, **checkpoints.get(entry.architecture.key, {})}
            anew = reconvert or entry.architecture.key in plan.fresh
            usable = None if anew else _known_bundle(session, snapshot, made_by if snapshot.selected else None)
            if usable is not None and snapshot.selected and _gone(session, inventory, usable, reprove, at):
                usable = None
            if usable is not None:
                snapshot.bundle = usable
            if not snapshot.selected:
                continue
            if usable is None:
                _queue_conversion(session, submission, snapshot, entry)
                converting += 1
            else:
                known += 1
                wanted = want_verdicts(
                    session, inventory, submission, snapshot.architecture_id, usable, entry.priority, at
                )
                needs.update(need.value for need in wanted.values())
        want_repeats(session, inventory, submission)
        record_event(session, "submitted", submission.id, at, commit=plan.state.key, selected=len(plan.selected))
    return Submitted(submission.id, plan.state.key, converting, known, tuple(inventory.devices), dict(needs))


def known_changes(session: Session, plan: Plan) -> dict[str, Change]:
    """Last changes that were found before, by architecture key.

    They are looked for at the state itself and at those just before it: where a closure is the same there, so is its last
    change. (Further back it might have changed in between, and changed back.)
    """
    query = (
        select(Snapshot, Commit)
        .join(Commit, Snapshot.last_change == Commit.key)
        .where(Snapshot.commit.in_((plan.state.key, *plan.before)))
        .options(joinedload(Snapshot.architecture))
    )
    recorded = {
        (snapshot.architecture.kind, snapshot.architecture.name, snapshot.closure): Change(
            c.key, c.sha, c.subject, c.date
        )
        for snapshot, c in session.execute(query)
    }
    found = {
        e.architecture.key: recorded.get((e.architecture.kind, e.architecture.name, e.closure.hash))
        for e in plan.entries
    }
    return {key: change for key, change in found.items() if change is not None}


def remaining(session: Session, submitted: Submitted) -> Remaining:
    """What is not at its end yet: conversions of the commit, their repeats, and jobs on its bundles, whoever asked for them.

    Jobs for device types that the inventory no longer has are not waited for: nobody will ever take them.
    """
    conversions = session.scalar(
        select(func.count())
        .select_from(Conversion)
        .where(Conversion.commit == submitted.commit, Conversion.state.in_([s for s in ConversionState if s.open]))
    )
    jobs = session.scalar(
        select(func.count())
        .select_from(Job)
        .join(DeviceType)
        .where(
            DeviceType.name.in_(submitted.devices),
            Job.bundle.in_(select(Snapshot.bundle).where(Snapshot.commit == submitted.commit)),
            Job.state.in_([state for state in JobState if state.open]),
        )
    )
    repeats = session.scalar(
        select(func.count())
        .select_from(Repeat)
        .join(Conversion)
        .where(Conversion.commit == submitted.commit, Repeat.state.in_([s for s in ConversionState if s.open]))
    )
    return Remaining(conversions or 0, jobs or 0, repeats or 0)


def _record_commit(session: Session, state: State, now: datetime) -> None:
    if session.get(Commit, state.key) is None:
        session.add(
            Commit(
                key=state.key,
                sha=state.sha,
                dirty=bool(state.dirty),
                subject=clipped(state.subject, 512),
                date=state.date,
                recorded=now,
            )
        )
        session.flush()


def _record_snapshot(session: Session, plan: Plan, entry: Entry, change: Change, now: datetime) -> Snapshot:
    architecture = architecture_row(session, entry.architecture.name, entry.architecture.kind)
    _record_commit(session, _as_state(change), now)
    snapshot = session.get(Snapshot, (plan.state.key, architecture.id))
    if snapshot is None:
        snapshot = Snapshot(commit=plan.state.key, architecture_id=architecture.id, bundle=None)
        session.add(snapshot)
    snapshot.closure = entry.closure.hash
    snapshot.selected = entry.selection.selected
    snapshot.reason = clipped(entry.selection.reason, 1024)
    snapshot.chain = [link._asdict() for link in entry.selection.chain]
    snapshot.file, snapshot.line = entry.architecture.file, entry.architecture.line
    snapshot.last_change = change.commit
    session.flush()
    return snapshot


def _as_state(change: Change) -> State:
    return State(change.commit, change.sha, ("",) if change.commit != change.sha else (), change.subject, change.date)


def architecture_row(session: Session, name: str, kind: str) -> Architecture:
    """The architecture's row, made where it is new."""
    row = session.scalar(select(Architecture).where(Architecture.name == name, Architecture.kind == kind))
    if row is None:
        row = Architecture(name=name, kind=kind)
        session.add(row)
        session.flush()
    return row


def _known_bundle(session: Session, snapshot: Snapshot, toolchain: Mapping[str, str] | None) -> str | None:
    """The newest bundle of the same architecture and closure; with ``toolchain``, made by just that.

    Code that gave different bundles has none.
    """
    differed = aliased(Snapshot)
    differing = (
        select(differed.bundle)
        .join(
            Conversion,
            (Conversion.commit == differed.commit) & (Conversion.architecture_id == differed.architecture_id),
        )
        .where(
            differed.architecture_id == snapshot.architecture_id,
            differed.closure == snapshot.closure,
            differed.bundle.is_not(None),
            Conversion.outcome == Outcome.NONDETERMINISTIC,
        )
    )
    query = (
        select(Bundle)
        .join(Snapshot, Snapshot.bundle == Bundle.identity)
        .where(Snapshot.architecture_id == snapshot.architecture_id, Snapshot.closure == snapshot.closure)
        .where(Bundle.identity.not_in(differing))
        .order_by(Bundle.created.desc())
    )
    bundles: Sequence[Bundle] = session.scalars(query).all()
    for bundle in bundles:
        if toolchain is None or bundle.toolchain == dict(toolchain):
            return bundle.identity
    return None


def _gone(session: Session, inventory: Inventory, bundle: str, reprove: Reprove, now: datetime) -> bool:
    """Whether a bundle would have to be fetched whose artifacts were collected."""
    return session.get_one(Bundle, bundle).collected is not None and unjudged(session, inventory, bundle, reprove, now)


def _queue_conversion(session: Session, submission: Submission, snapshot: Snapshot, entry: Entry) -> None:
    row = session.scalar(
        select(Conversion).where(
            Conversion.commit == snapshot.commit, Conversion.architecture_id == snapshot.architecture_id
        )
    )
    if row is None:
        row = Conversion(commit=snapshot.commit, architecture_id=snapshot.architecture_id)
        session.add(row)
    elif ConversionState(row.state).open:  # an earlier submission of the same commit is at it
        if submission.reprove:
            row.submission_id = submission.id  # what comes of it is wanted for more than that one asked for
        return
    row.submission_id, row.priority, row.state = submission.id, entry.priority, ConversionState.QUEUED
    row.outcome, row.cause, row.message = None, None, ""
