"""Entering a plan in the database: one row for every architecture of the state, conversions and jobs for the selected ones."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from farm.clock import utc_now
from farm.conversion.repeats import want_repeats
from farm.coordinator.declared import record_policies
from farm.coordinator.jobs import Need, Wanted, want_all_verdicts
from farm.coordinator.supersession import supersede
from farm.database.engine import Database
from farm.database.models import Architecture, Commit, Conversion, DeviceType, Job, Probe, Repeat, Snapshot, Submission
from farm.database.records import clipped, record_event
from farm.inventory import Inventory
from farm.planning.known_bundles import known_bundles
from farm.planning.last_change import Change
from farm.planning.plan import Entry, Plan, State
from farm.regressions.follow import follow_commit
from farm.regressions.lineage import record_lineage
from farm.source.catalogue import Architecture as Discovered
from farm.states.conversions import ConversionState
from farm.states.jobs import JobState
from farm.verdicts.inheritance import Reprove
from farm.verdicts.probes import under_way
from farm.verdicts.standings import read_terms
from farm.words import number_of


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a plan: how many architectures are converted anew, how many bundles were known, jobs by need.

    ``superseded`` is how much waited for earlier commits of the branch. ``devices`` are the device types that it is for. Jobs
    of what is converted anew are not among these: they come later.
    """

    submission: str
    commit: str
    converting: int
    known: int
    devices: tuple[str, ...]
    jobs: Mapping[str, int] = field(default_factory=dict)
    superseded: int = 0

    @property
    def inherited(self) -> int:
        """Verdicts that count for the known bundles, failures too."""
        return self.jobs.get(Need.INHERITED, 0) + self.jobs.get(Need.INHERITED_FAILURE, 0)

    def __str__(self) -> str:
        """How much of it there is to do, in words."""
        queued = self.jobs.get(Need.QUEUED, 0)
        counts = f"{number_of(self.inherited, 'verdict')} inherited, {number_of(queued, 'job')} queued"
        of_known = f": {counts}" if self.known else ""
        given_up = self.jobs.get(Need.QUARANTINED, 0)
        quarantined = f", {given_up} in quarantine (farm jobs)" if given_up else ""
        older = f"; {self.superseded} that waited for older commits superseded" if self.superseded else ""
        return f"{self.converting} to convert, {self.known} known{of_known}{quarantined}{older}"


@dataclass(frozen=True, slots=True)
class Remaining:
    """What a submission still waits for."""

    conversions: int
    jobs: int
    repeats: int = 0
    probes: int = 0

    def __bool__(self) -> bool:
        return self.verdicts or bool(self.probes)

    @property
    def verdicts(self) -> bool:
        """Whether there is more to wait for than the conditions of verdicts that stand."""
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
    branch: str | None = None,
    devices: Sequence[str] | None = None,
    lineage: Mapping[str, Sequence[str]] = MappingProxyType({}),
    now: datetime | None = None,
) -> Submitted:
    """Enter ``plan``; in one transaction, so that a submission is whole or is not.

    ``changes`` has the last change of every architecture, by key. A selected architecture whose closure was converted before,
    by the same ``toolchain``, keeps that bundle unless ``reconvert`` is set, the plan doubts it, or its artifacts were
    collected and a device has yet to replay it; verdicts that count for a bundle are inherited, but for those that
    ``reprove`` wants proved again. ``checkpoints`` is what pretrained weights add to the toolchain, by key of the architecture
    that has some. What waits for earlier commits of ``branch``, and is wanted again now, is superseded. With ``devices`` the
    submission is a narrow one, for these device types alone, or for conversions alone where there are none: see its row.
    ``lineage`` is of :meth:`farm.git.Repository.lineage`: what is inherited may be a regression since one of these commits, or
    its end.

    Raises:
        InventoryError: the inventory changed a policy's numbers but not its version.
    """
    at = now or utc_now()
    with database.write(in_turn=True) as session:
        _record_commits(session, plan, changes, at)
        record_lineage(session, lineage)
        # Refused now rather than after an hour of converting.
        record_policies(session, map(inventory.policy_of, inventory.devices))
        submission = Submission(
            id=uuid.uuid4().hex,
            commit=plan.state.key,
            base=plan.base,
            created=at,
            reprove=reprove,
            branch=None if plan.state.dirty else branch,
            devices=None if devices is None else list(devices),
        )
        session.add(submission)
        session.flush()
        snapshots = _record_snapshots(session, plan, changes, keep=devices is not None)
        known: dict[str, str] = {}
        if not reconvert:
            terms = read_terms(session, inventory)
            known = known_bundles(session, inventory, plan, terms, toolchain, checkpoints, reprove=reprove, now=at)
        for key, bundle in known.items():
            snapshots[key].bundle = bundle
        converted = [e for e in plan.entries if e.selection.selected and e.architecture.key not in known]
        _queue_conversions(session, submission, {e.architecture.key: e.priority for e in converted}, snapshots)
        wanted = [
            Wanted(snapshots[key].architecture_id, known[key], entry.priority)
            for entry in plan.entries
            if entry.selection.selected and (key := entry.architecture.key) in known
        ]
        needs = Counter(need.value for _, need in want_all_verdicts(session, inventory, submission, wanted, at))
        superseded = supersede(session, submission, at)
        want_repeats(session, inventory, submission)
        new = [snapshot.architecture_id for snapshot in snapshots.values()]
        follow_commit(session, submission.commit, submission.branch or submission.commit, new, at)
        record_event(session, "submitted", submission.id, at, commit=plan.state.key, selected=len(plan.selected))
    return Submitted(
        submission.id,
        plan.state.key,
        len(converted),
        len(wanted),
        tuple(inventory.devices) if devices is None else tuple(devices),
        dict(needs),
        superseded,
    )


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
    """What is not at its end yet: conversions of the commit, their repeats, jobs and probes on its bundles, whoever wants them.

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
    probes = session.scalar(
        select(func.count())
        .select_from(Probe)
        .join(DeviceType, Probe.device_type_id == DeviceType.id)
        .where(
            DeviceType.name.in_(submitted.devices),
            Probe.bundle.in_(select(Snapshot.bundle).where(Snapshot.commit == submitted.commit)),
            under_way(),
        )
    )
    return Remaining(conversions or 0, jobs or 0, repeats or 0, probes or 0)


def evidence_to_come(session: Session, submitted: Submitted) -> int:
    """How many jobs are to tell the cause of a regression, of whatever submission, on the device types of this one."""
    query = (
        select(func.count())
        .select_from(Job)
        .join(DeviceType)
        .where(
            DeviceType.name.in_(submitted.devices),
            Job.addressed_id.is_not(None),
            Job.state.in_([state for state in JobState if state.open]),
        )
    )
    return session.scalar(query) or 0


def _record_commits(session: Session, plan: Plan, changes: Mapping[str, Change], now: datetime) -> None:
    """The commit of the plan, and those of the last changes."""
    states = {change.commit: _as_state(change) for change in changes.values()} | {plan.state.key: plan.state}
    known = set(session.scalars(select(Commit.key).where(Commit.key.in_(states))))
    session.add_all(
        Commit(
            key=state.key,
            sha=state.sha,
            dirty=bool(state.dirty),
            subject=clipped(state.subject, 512),
            date=state.date,
            recorded=now,
        )
        for state in states.values()
        if state.key not in known
    )
    session.flush()


def _record_snapshots(
    session: Session, plan: Plan, changes: Mapping[str, Change], *, keep: bool
) -> dict[str, Snapshot]:
    """The rows of all architectures of the plan, by key; what is there of an earlier submission keeps its bundle.

    With ``keep`` it keeps its reason too: why the plan selects or leaves out is of the plan's question alone.
    """
    architectures = _architecture_rows(session, [entry.architecture for entry in plan.entries])
    known = select(Snapshot).where(Snapshot.commit == plan.state.key)
    recorded = {snapshot.architecture_id: snapshot for snapshot in session.scalars(known)}
    snapshots: dict[str, Snapshot] = {}
    for entry in plan.entries:
        key = entry.architecture.key
        snapshot = recorded.get(architectures[key].id)
        if snapshot is None:
            snapshot = Snapshot(commit=plan.state.key, architecture_id=architectures[key].id, bundle=None)
            session.add(snapshot)
        elif keep:
            snapshots[key] = snapshot
            continue
        _describe(snapshot, entry, changes[key])
        snapshots[key] = snapshot
    session.flush()
    return snapshots


def _describe(snapshot: Snapshot, entry: Entry, change: Change) -> None:
    snapshot.closure = entry.closure.hash
    snapshot.selected = entry.selection.selected
    snapshot.reason = clipped(entry.selection.reason, 1024)
    snapshot.chain = [link._asdict() for link in entry.selection.chain]
    snapshot.file, snapshot.line = entry.architecture.file, entry.architecture.line
    snapshot.last_change = change.commit


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


def _architecture_rows(session: Session, architectures: Sequence[Discovered]) -> dict[str, Architecture]:
    """The rows of architectures by key, made where they are new."""
    rows = {row.key: row for row in session.scalars(select(Architecture))}
    new = [Architecture(name=a.name, kind=a.kind) for a in architectures if a.key not in rows]
    session.add_all(new)
    session.flush()
    return rows | {row.key: row for row in new}


def _queue_conversions(
    session: Session, submission: Submission, priorities: Mapping[str, int], snapshots: Mapping[str, Snapshot]
) -> None:
    """Queue a conversion of each architecture that has a priority, by its key."""
    query = select(Conversion).where(Conversion.commit == submission.commit)
    rows = {row.architecture_id: row for row in session.scalars(query)}
    for key, priority in priorities.items():
        snapshot = snapshots[key]
        row = rows.get(snapshot.architecture_id)
        if row is None:
            row = Conversion(commit=snapshot.commit, architecture_id=snapshot.architecture_id)
            session.add(row)
        elif ConversionState(row.state).open:  # an earlier submission of the same commit is at it
            _join(session, row, submission)
            continue
        row.submission_id, row.priority, row.state = submission.id, priority, ConversionState.QUEUED
        row.outcome, row.cause, row.message = None, None, ""


def _join(session: Session, row: Conversion, submission: Submission) -> None:
    """Of a conversion that is under way: it goes to the later submission where that wants more of what comes of it."""
    earlier = session.get_one(Submission, row.submission_id)
    if earlier.devices is not None and submission.devices is not None:
        submission.devices = [*submission.devices, *(d for d in earlier.devices if d not in submission.devices)]
    if submission.reprove or earlier.devices is not None:
        row.submission_id = submission.id
