"""The data model (SQLAlchemy 2, typed). The database is the queue and the only truth.

::

    commit ──< snapshot >── architecture          one row for every architecture of a commit, selected or not
                  │ bundle
                  ▼
    bundle ──< job ──< attempt ──< case_result ──< tensor_error, layer_error
       │         ▲        └── stack, device
       │    submission ──< conversion ──< repeat  of an architecture at a commit; and again, which must give the same bundle
       ├──< verdict >── policy, stack             derived from the attempts in the merging transaction
       ├──< sample                                one resolution
       └── graph_traits                           what its graph asks of a device

    device_type ──< unit_stack >── device, stack  which stack a unit has now
    device ──< health_event >── attempt           what became of a unit's health, and why
    device ──< health_check                       what a unit was asked, to see whether it is sound

    audit ──< audited >── architecture            all that was converted to see what the selection missed
      └──< incident >── architecture              what it missed; open or fixed

    coordinator                                   who runs the queue, and how it last found the broker
    event                                         who moved what, when
    installation                                  one row: the id of this database

The support table at a commit is a query: snapshot joined to verdict by bundle, for the present configuration and the present
stacks of each device type. Merges, reverts and cherry-picks so need no special case.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    String,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

HASH = 64
NAME = 128


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time, always in UTC; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    # Names for constraints, so that migrations can refer to them on every database.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


class Commit(Base):
    """A state of the repository: a commit, or a commit with uncommitted changes (its key says so)."""

    __tablename__ = "commit"
    key: Mapped[str] = mapped_column(String(NAME), primary_key=True)
    sha: Mapped[str] = mapped_column(String(HASH), index=True)
    dirty: Mapped[bool]
    subject: Mapped[str] = mapped_column(String(512))
    date: Mapped[datetime]
    recorded: Mapped[datetime]


class Architecture(Base):
    """A public name of the model repository."""

    __tablename__ = "architecture"
    __table_args__ = (UniqueConstraint("name", "kind"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME))
    kind: Mapped[str] = mapped_column(String(16))

    @hybrid_property
    def key(self) -> str:
        """``kind:name``, as :class:`farm.source.catalogue.Architecture` has it; in a query too."""
        return self.kind + ":" + self.name


class Installation(Base):
    """The id of this database, made with its schema: by it an artifact store knows whose artifacts it has."""

    __tablename__ = "installation"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)


class Bundle(Base):
    """A converted architecture; immutable, named by the hash of its three parts.

    ``files`` are the sha256 of its files but the manifest's (``None`` in rows from before they were recorded), ``collected``
    is since when its artifacts may be gone from the store.
    """

    __tablename__ = "bundle"
    identity: Mapped[str] = mapped_column(String(HASH), primary_key=True)
    graph: Mapped[str] = mapped_column(String(HASH), index=True)
    weights: Mapped[str] = mapped_column(String(HASH))
    samples: Mapped[str] = mapped_column(String(HASH))
    manifest: Mapped[str] = mapped_column(String(HASH))
    files: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    collected: Mapped[datetime | None]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    parts: Mapped[dict[str, Any]]
    layers: Mapped[list[Any]]
    ops: Mapped[list[Any]]
    toolchain: Mapped[dict[str, Any]]
    created: Mapped[datetime]
    sample_rows: Mapped[list[Sample]] = relationship(cascade="all, delete-orphan", order_by="Sample.position")


class GraphTraits(Base):
    """What the graphs of bundles ask of a device (:mod:`farm.prediction.traits`); ``graph`` is as bundles have it."""

    __tablename__ = "graph_traits"
    graph: Mapped[str] = mapped_column(String(HASH), primary_key=True)
    version: Mapped[int]
    traits: Mapped[list[Any]]


class Sample(Base):
    """One resolution of a bundle."""

    __tablename__ = "sample"
    __table_args__ = (UniqueConstraint("bundle", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    bundle: Mapped[str] = mapped_column(ForeignKey("bundle.identity"))
    name: Mapped[str] = mapped_column(String(32))
    position: Mapped[int]


class Snapshot(Base):
    """An architecture at a commit: its closure hash, why it was selected or not, its bundle once there is one."""

    __tablename__ = "snapshot"
    commit: Mapped[str] = mapped_column(ForeignKey("commit.key"), primary_key=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"), primary_key=True)
    closure: Mapped[str] = mapped_column(String(HASH), index=True)
    selected: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(1024))
    chain: Mapped[list[Any]]
    file: Mapped[str] = mapped_column(String(512))
    line: Mapped[int]
    last_change: Mapped[str] = mapped_column(ForeignKey("commit.key"))
    bundle: Mapped[str | None] = mapped_column(ForeignKey("bundle.identity"), index=True)
    architecture: Mapped[Architecture] = relationship()


class Submission(Base):
    """What a person asked for; ``branch`` is the one whose newest commit this was then, if it was any's."""

    __tablename__ = "submission"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    commit: Mapped[str] = mapped_column(ForeignKey("commit.key"), index=True)
    base: Mapped[str | None] = mapped_column(String(HASH))
    created: Mapped[datetime]
    reprove: Mapped[str] = mapped_column(String(16), default="", server_default="")
    branch: Mapped[str | None] = mapped_column(String(255))


class Conversion(Base):
    """One architecture of a commit that a submission wants converted; :mod:`farm.conversion.states` has its states."""

    __tablename__ = "conversion"
    __table_args__ = (UniqueConstraint("commit", "architecture_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    commit: Mapped[str] = mapped_column(ForeignKey("commit.key"), index=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"))
    priority: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), index=True)
    claimed: Mapped[datetime | None] = mapped_column(index=True)
    lease_until: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(32))
    cause: Mapped[str | None] = mapped_column(String(32))
    message: Mapped[str] = mapped_column(String(4096), default="")
    seconds: Mapped[float | None]
    architecture: Mapped[Architecture] = relationship()


class Repeat(Base):
    """A second conversion of the same code, in a process with another hash seed: ``queued → running → done | failed``.

    Done, it says whether the bundle was the same; failed, it says nothing.
    """

    __tablename__ = "repeat"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversion_id: Mapped[int] = mapped_column(ForeignKey("conversion.id"), index=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"), index=True)
    hash_seed: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), index=True)
    lease_until: Mapped[datetime | None]
    same: Mapped[bool | None]
    difference: Mapped[str] = mapped_column(String(4096), default="")
    seconds: Mapped[float | None]
    conversion: Mapped[Conversion] = relationship()


class DeviceType(Base):
    """A device type in one configuration (driver and profile); the inventory says which one is present."""

    __tablename__ = "device_type"
    __table_args__ = (UniqueConstraint("name", "configuration"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME), index=True)
    configuration: Mapped[str] = mapped_column(String(16))
    driver: Mapped[str] = mapped_column(String(32))
    profile: Mapped[dict[str, Any]]
    limits: Mapped[dict[str, Any]]


class Device(Base):
    """One unit of a device type, known from its first heartbeat or report on; all times are of the coordinator's clock.

    ``heartbeat`` is when it last sent one and ``every_s`` how often it does so, ``None`` where it never did; ``online_since``
    is when it was first heard again after it had been away. ``attended``, ``accepting``, ``at_once``, ``begun`` (an
    attempt) and ``free_disk_bytes`` are what it said then, ``told`` is when it was last told what to do. ``health`` and
    ``probation`` are its :class:`farm.coordinator.health.Condition`; ``checked`` is when it last passed a check, ``jobs`` how
    many attempts it has ended since. ``check_wanted`` is that somebody asks for one, ``check_open`` the one whose answer is
    still to come, and ``unclear`` when the last one turned out to be so.
    """

    __tablename__ = "device"
    __table_args__ = (UniqueConstraint("device_type", "unit"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    device_type: Mapped[str] = mapped_column(String(NAME))
    unit: Mapped[str] = mapped_column(String(512))
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    host: Mapped[str] = mapped_column(String(512), default="", server_default="")
    heartbeat: Mapped[datetime | None]
    every_s: Mapped[float | None]
    online_since: Mapped[datetime | None]
    attended: Mapped[bool | None]
    accepting: Mapped[bool | None]
    at_once: Mapped[int | None]
    begun: Mapped[str | None] = mapped_column(String(NAME))
    free_disk_bytes: Mapped[int | None] = mapped_column(BigInteger)
    told: Mapped[datetime | None]
    health: Mapped[str] = mapped_column(String(16), default="unknown", server_default="unknown")
    health_reason: Mapped[str] = mapped_column(String(1024), default="never checked", server_default="never checked")
    health_since: Mapped[datetime | None]
    probation: Mapped[int] = mapped_column(default=0, server_default="0")
    check_wanted: Mapped[bool] = mapped_column(default=False, server_default=false())
    check_open: Mapped[str | None] = mapped_column(String(32))
    unclear: Mapped[datetime | None]
    checked: Mapped[datetime | None]
    jobs: Mapped[int] = mapped_column(default=0, server_default="0")
    history: Mapped[list[HealthEvent]] = relationship(order_by="HealthEvent.id")


class HealthEvent(Base):
    """A unit's health changed, or was looked at and stayed: by whom, why, and by which attempt; append-only."""

    __tablename__ = "health_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    at: Mapped[datetime]
    old: Mapped[str] = mapped_column(String(16))
    new: Mapped[str] = mapped_column(String(16))
    change: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(1024))
    actor: Mapped[str] = mapped_column(String(NAME))
    attempt_id: Mapped[str | None] = mapped_column(ForeignKey("attempt.id"))


class HealthCheck(Base):
    """A check of a unit: open until it is ``finished``, passed where there is no ``failure``."""

    __tablename__ = "health_check"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    token: Mapped[str] = mapped_column(String(64))
    sent: Mapped[datetime]
    lease_until: Mapped[datetime]
    finished: Mapped[datetime | None]
    failure: Mapped[str] = mapped_column(String(4096), default="")
    device: Mapped[Device] = relationship()


class Stack(Base):
    """The fingerprint of a unit: versions of all that can change a result."""

    __tablename__ = "stack"
    hash: Mapped[str] = mapped_column(String(HASH), primary_key=True)
    fingerprint: Mapped[dict[str, Any]]


class UnitStack(Base):
    """The stack that a unit had when it was last heard of, driven as a device type's configuration says, and since when."""

    __tablename__ = "unit_stack"
    device_type_id: Mapped[int] = mapped_column(ForeignKey("device_type.id"), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), primary_key=True)
    stack: Mapped[str] = mapped_column(ForeignKey("stack.hash"))
    since: Mapped[datetime]
    seen: Mapped[datetime]


class Policy(Base):
    """Tolerances; immutable, so a row is never updated."""

    __tablename__ = "policy"
    key: Mapped[str] = mapped_column(String(NAME), primary_key=True)
    body: Mapped[dict[str, Any]]


_OPEN = text("state IN ('queued', 'dispatched', 'running')")


class Job(Base):
    """One (bundle, device type, policy) to be judged. States move in :mod:`farm.coordinator.states` only.

    ``since`` is when it came into its state, ``reason`` why, where that is more than the usual course: what was lost, who
    cancelled it. ``measure`` asks for latencies even where those of the same graph are known.
    """

    __tablename__ = "job"
    __table_args__ = (
        # The orders in which waiting jobs are begun.
        Index("ix_job_urgent", "device_type_id", "state", "priority", "id"),
        Index("ix_job_oldest", "device_type_id", "state", "submission_id", "priority", "id"),
        # Two submissions at once cannot ask a device for the same thing twice.
        Index(
            "uq_job_open",
            "bundle",
            "device_type_id",
            "policy",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    bundle: Mapped[str] = mapped_column(ForeignKey("bundle.identity"), index=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"))
    device_type_id: Mapped[int] = mapped_column(ForeignKey("device_type.id"))
    policy: Mapped[str] = mapped_column(ForeignKey("policy.key"))
    state: Mapped[str] = mapped_column(String(16))
    priority: Mapped[int]
    created: Mapped[datetime]
    since: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(1024), default="", server_default="")
    measure: Mapped[bool] = mapped_column(default=False, server_default=false())
    submission: Mapped[Submission] = relationship()
    architecture: Mapped[Architecture] = relationship()
    device_type: Mapped[DeviceType] = relationship()
    attempts: Mapped[list[Attempt]] = relationship(order_by="Attempt.n")


class Attempt(Base):
    """One try of a job; the lease is on the coordinator's clock. :class:`farm.coordinator.states.AttemptState` has its states.

    ``addressed_id`` is the unit that it was sent to, ``None`` where any of its type may take it. ``performance`` is the attempt
    that measured the same graph: on its stack, this one need not. ``echoed`` says whether the report named the bundle and the
    nonce of the attempt. One that is ``rejudged`` from another ran nothing: it is what that one observed, under the policy of
    its own job (:mod:`farm.rejudging`).
    """

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("job_id", "n"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), index=True)
    n: Mapped[int]
    token: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), index=True)
    dispatched: Mapped[datetime] = mapped_column(index=True)
    lease_until: Mapped[datetime]
    finished: Mapped[datetime | None]
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    addressed_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    stack: Mapped[str | None] = mapped_column(ForeignKey("stack.hash"))
    performance: Mapped[str | None] = mapped_column(ForeignKey("attempt.id"))
    outcome: Mapped[str | None] = mapped_column(String(32))
    cause: Mapped[str | None] = mapped_column(String(32))
    message: Mapped[str] = mapped_column(String(4096), default="")
    stage: Mapped[str | None] = mapped_column(String(16))
    signal: Mapped[int | None]
    unsupported: Mapped[list[Any]] = mapped_column(default=list)
    load_ms: Mapped[float | None]
    peak_memory_bytes: Mapped[int | None] = mapped_column(BigInteger)
    duration_s: Mapped[float | None]
    log: Mapped[str] = mapped_column(String(16384), default="")
    echoed: Mapped[bool | None]
    rejudged: Mapped[str | None] = mapped_column(ForeignKey("attempt.id"), index=True)
    job: Mapped[Job] = relationship(back_populates="attempts")
    cases: Mapped[list[CaseResult]] = relationship(order_by="CaseResult.id")
    device: Mapped[Device | None] = relationship(foreign_keys=device_id)
    addressed: Mapped[Device | None] = relationship(foreign_keys=addressed_id)


class CoordinatorRow(Base):
    """A coordinator that runs, or did until ``seen``; ``broker`` and ``message`` are how it last found the broker."""

    __tablename__ = "coordinator"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(512))
    started: Mapped[datetime]
    seen: Mapped[datetime]
    broker: Mapped[str] = mapped_column(String(16))
    message: Mapped[str] = mapped_column(String(1024), default="", server_default="")


class CaseResult(Base):
    """One sample of an attempt; append-only. ``firm`` is the worst that tolerances have no say in, where that was recorded."""

    __tablename__ = "case_result"
    __table_args__ = (UniqueConstraint("attempt_id", "sample"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[str] = mapped_column(ForeignKey("attempt.id"), index=True)
    sample: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(32))
    message: Mapped[str] = mapped_column(String(4096))
    latency_ms: Mapped[float | None]
    firm: Mapped[str | None] = mapped_column(String(32))
    fallback: Mapped[str] = mapped_column(String(4096), default="", server_default="")
    tensors: Mapped[list[TensorError]] = relationship(order_by="TensorError.id")
    layer: Mapped[LayerError | None] = relationship()


class TensorError(Base):
    """Figures of one output of a case, stored for passes too; with ``layer`` those of all layers of that op, each alone.

    ``spread`` is :class:`workers.spread.Spread`, what judging by other tolerances takes; ``margin`` is null where the policy
    does not judge it; ``run`` is 1 for a further run on the same inputs that gave something else.
    """

    __tablename__ = "tensor_error"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_result.id"), index=True)
    output: Mapped[str] = mapped_column(String(NAME))
    max_abs_error: Mapped[float]
    max_rel_error: Mapped[float]
    sqnr_db: Mapped[float]
    cosine: Mapped[float]
    share_outside: Mapped[float]
    margin: Mapped[float | None]
    spread: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    layer: Mapped[str] = mapped_column(String(64), default="", server_default="")
    run: Mapped[int] = mapped_column(default=0, server_default="0")


class LayerError(Base):
    """The first divergent layer of a case."""

    __tablename__ = "layer_error"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_result.id"), unique=True)
    value: Mapped[str] = mapped_column(String(NAME))
    op: Mapped[str] = mapped_column(String(NAME))
    module: Mapped[str] = mapped_column(String(512))
    source: Mapped[str] = mapped_column(String(NAME), default="", server_default="")
    error: Mapped[float]
    introduced_here: Mapped[bool | None]
    local_error: Mapped[float | None]
    inherited_error: Mapped[float | None]
    signature: Mapped[str] = mapped_column(String(512), default="", server_default="")


class Verdict(Base):
    """Of a bundle on one stack of a device type's configuration under a policy; derived, recomputable from the attempts.

    It quotes ``attempt_id``; ``proved`` is when an attempt last bore it out, ``measured_id`` the attempt whose latencies stand:
    the quoted one, or one that ran the same graph on the same stack before.
    """

    __tablename__ = "verdict"
    bundle: Mapped[str] = mapped_column(ForeignKey("bundle.identity"), primary_key=True)
    device_type_id: Mapped[int] = mapped_column(ForeignKey("device_type.id"), primary_key=True)
    policy: Mapped[str] = mapped_column(ForeignKey("policy.key"), primary_key=True)
    stack: Mapped[str] = mapped_column(ForeignKey("stack.hash"), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str] = mapped_column(String(32))
    cause: Mapped[str] = mapped_column(String(32))
    attempt_id: Mapped[str] = mapped_column(ForeignKey("attempt.id"))
    decided: Mapped[datetime]
    proved: Mapped[datetime]
    measured_id: Mapped[str | None] = mapped_column(ForeignKey("attempt.id"))
    attempt: Mapped[Attempt] = relationship(foreign_keys=attempt_id)


class Audit(Base):
    """Everything (or a sample) converted at a commit, and held against what was selected since ``base``.

    Commits are full ids; they need not have been submitted. The counts are of :class:`farm.audit.judgement.Figures`.
    """

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    commit: Mapped[str] = mapped_column(String(HASH), index=True)
    base: Mapped[str] = mapped_column(String(HASH))
    at: Mapped[datetime]
    architectures: Mapped[int]
    seed: Mapped[int | None]
    judged: Mapped[int]
    changed: Mapped[int]
    selected: Mapped[int]
    hits: Mapped[int]
    seconds: Mapped[float]
    toolchain: Mapped[dict[str, Any]]
    rows: Mapped[list[Audited]] = relationship(order_by="Audited.architecture_id")


class Audited(Base):
    """One architecture of an audit: ``before`` and ``after`` are bundle identities, or outcomes of refusals."""

    __tablename__ = "audited"
    audit_id: Mapped[int] = mapped_column(ForeignKey("audit.id"), primary_key=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"), primary_key=True)
    closure: Mapped[str] = mapped_column(String(HASH), index=True)
    selected: Mapped[bool]
    before: Mapped[str] = mapped_column(String(HASH))
    after: Mapped[str] = mapped_column(String(HASH))
    note: Mapped[str] = mapped_column(String(1024), default="")
    architecture: Mapped[Architecture] = relationship()


class Incident(Base):
    """A selector miss: a bundle changed between two commits on an architecture whose closure hash did not.

    ``files`` make the difference; ``edge`` says how they are reached. While one is open, everything is selected.
    """

    __tablename__ = "incident"
    id: Mapped[int] = mapped_column(primary_key=True)
    audit_id: Mapped[int] = mapped_column(ForeignKey("audit.id"), index=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"), index=True)
    commit: Mapped[str] = mapped_column(String(HASH), index=True)
    base: Mapped[str] = mapped_column(String(HASH))
    closure: Mapped[str] = mapped_column(String(HASH))
    before: Mapped[str] = mapped_column(String(HASH))
    after: Mapped[str] = mapped_column(String(HASH))
    difference: Mapped[str] = mapped_column(String(4096))
    edge: Mapped[str] = mapped_column(String(4096))
    files: Mapped[list[Any]]
    opened: Mapped[datetime]
    fixed: Mapped[datetime | None] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(String(1024), default="")
    architecture: Mapped[Architecture] = relationship()


class Event(Base):
    """The audit log: who moved what, when; append-only."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(32), index=True)
    subject: Mapped[str] = mapped_column(String(NAME), index=True)
    detail: Mapped[dict[str, Any]]
