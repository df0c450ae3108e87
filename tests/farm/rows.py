"""Rows and messages for the tests of the coordinator: a commit with architectures, bundles and queued jobs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.coordinator.dispatch import dispatch
from farm.coordinator.jobs import want_verdicts
from farm.coordinator.merge import merge
from farm.coordinator.supersession import supersede
from farm.coordinator.sweep import sweep
from farm.database.engine import Database
from farm.database.models import Architecture, Bundle, Commit, Conversion, Job, Sample, Snapshot, Submission
from farm.inventory import Inventory
from farm.protocol import AttemptMessage, ReportMessage, StartedMessage
from farm.wires import Addressed
from workers.outcome import Cause, Outcome
from workers.report import AttemptReport, CaseReport, LayerError, Stage, TensorError

START = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLES = ("224x224", "128x192", "97x129")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class FakeWire:
    """Keeps what was sent; ``broken`` makes sending fail as an absent broker does."""

    def __init__(self) -> None:
        self.sent: list[AttemptMessage] = []
        #: The unit that each was sent to, ``None`` where any may take it.
        self.units: list[str | None] = []
        #: Seconds of each one's lease, by the attempt.
        self.leases: dict[str, float] = {}
        self.broken = False

    def send_all(self, attempts: Sequence[Addressed]) -> None:
        from farm.errors import InfrastructureError

        if self.broken:
            raise InfrastructureError("the broker is away")
        self.sent += (each.message for each in attempts)
        self.units += (each.unit for each in attempts)
        self.leases |= {each.message.attempt: each.lease_s for each in attempts}


def submit(
    database: Database,
    inventory: Inventory,
    names: Sequence[str],
    commit: str = "c1",
    *,
    version: str = "",
    date: datetime = START,
    selected: bool = True,
    kind: str = "network",
    state: str = "",
    outcome: Outcome | None = None,
    submitted: datetime = START,
    branch: str | None = None,
) -> str:
    """A submission of ``commit`` with one bundle for each name and ``version``, and the jobs that are missing.

    With a ``state``, each has a conversion in that state (and ``outcome``) instead of a bundle.
    """
    with database.write() as session:
        if session.get(Commit, commit) is None:
            sha, dirty, _ = commit.partition("+")
            session.add(Commit(key=commit, sha=sha, dirty=bool(dirty), subject="s", date=date, recorded=START))
            session.flush()
        identifier = sha256(f"{commit} {kind} {submitted}")[:32]
        submission = Submission(id=identifier, commit=commit, base=None, created=submitted, branch=branch)
        session.add(submission)
        session.flush()
        for priority, name in enumerate(names):
            architecture = _architecture(session, name, kind)
            identity = None if state else _bundle(session, name + version)
            session.merge(
                Snapshot(
                    commit=commit,
                    architecture_id=architecture.id,
                    closure=sha256(f"closure {name}{version}"),
                    selected=selected,
                    reason="new architecture",
                    chain=[],
                    file="models/networks/x.py",
                    line=1,
                    last_change=commit,
                    bundle=identity,
                )
            )
            if identity is None:
                session.add(_conversion(submission, architecture, state, outcome))
            elif selected:
                want_verdicts(session, inventory, submission, architecture.id, identity, priority, submitted)
        supersede(session, submission, submitted)
        return submission.id


def report(
    message: AttemptMessage,
    outcome: Outcome = Outcome.PASS,
    cause: Cause = Cause.UNKNOWN,
    *,
    unit: str = "unit-1",
    bundle: str | None = None,
    nonce: str | None = None,
    stack: str = "test 1",
    latency_ms: float | None = 3.0,
) -> ReportMessage:
    """What a host would say of ``message``; all three samples have the outcome and the latency."""
    layer = (
        LayerError("v1", "conv2d", "layer1.0.conv1", 0.3, True, "Conv2d", 0.4, 1e-6, "conv2d(float32[1, 3, 8, 8])")
        if outcome is Outcome.MISMATCH
        else None
    )
    cases = tuple(
        CaseReport(
            sample,
            outcome,
            tensors=(TensorError("out", 1e-6, 1e-6, 110.0, 1.0, 0.0, 0.4),),
            latency_ms=latency_ms,
            first_divergent_layer=layer,
        )
        for sample in SAMPLES
    )
    return ReportMessage(
        attempt=message.attempt,
        token=message.token,
        unit=unit,
        duration_s=0.5,
        report=AttemptReport(
            outcome=outcome,
            cause=cause,
            message="",
            stage=Stage.DONE,
            bundle=message.bundle if bundle is None else bundle,
            nonce=message.nonce if nonce is None else nonce,
            stack={"runtime": stack} if stack else {},
            cases=cases,
        ),
    )


def job_states(database: Database) -> dict[tuple[str, str], str]:
    """State by architecture and device."""
    with database.read() as session:
        return {(j.architecture.name, j.device_type.name): j.state for j in session.scalars(select(Job))}


def judge(
    database: Database,
    inventory: Inventory,
    outcome: Outcome = Outcome.PASS,
    cause: Cause = Cause.UNKNOWN,
    *,
    now: datetime = START,
    **said: Any,
) -> list[str]:
    """Run every job to its end, on hosts that all report ``outcome`` and what is ``said``; the attempts that it took."""
    wire = FakeWire()
    done = 0
    while dispatch(database, inventory, wire, now):
        for message in wire.sent[done:]:
            merge(database, report(message, outcome, cause, **said), now)
        done = len(wire.sent)
    return [message.attempt for message in wire.sent]


def lose(database: Database, inventory: Inventory, times: int = 3, now: datetime = START) -> list[AttemptMessage]:
    """Lose the attempts of every job so often, each with the unit that had begun it; what was sent."""
    wire = FakeWire()
    for _ in range(times):
        done = len(wire.sent)
        dispatch(database, inventory, wire, now)
        for message in wire.sent[done:]:
            merge(database, StartedMessage(message.attempt, message.token, "unit-1"), now)
        now += timedelta(days=1)
        sweep(database, now)
    return wire.sent


def _conversion(submission: Submission, architecture: Architecture, state: str, outcome: Outcome | None) -> Conversion:
    return Conversion(
        submission_id=submission.id,
        commit=submission.commit,
        architecture_id=architecture.id,
        priority=0,
        state=state,
        outcome=outcome,
        cause=outcome and Cause.MODEL_CODE,
        message=f"said of {architecture.name}" if outcome else "",
    )


def _architecture(session: Session, name: str, kind: str) -> Architecture:
    row = session.scalar(select(Architecture).where(Architecture.name == name, Architecture.kind == kind))
    if row is None:
        row = Architecture(name=name, kind=kind)
        session.add(row)
        session.flush()
    return row


def _bundle(session: Session, name: str) -> str:
    identity = sha256(f"bundle {name}")
    if session.get(Bundle, identity) is None:
        session.add(
            Bundle(
                identity=identity,
                graph=sha256(f"graph {name}"),
                weights=sha256("w"),
                samples=sha256("s"),
                manifest=sha256(f"manifest {name}"),
                files=[sha256(f"{part} {name}") for part in ("g", "w", "s")],
                size_bytes=10,
                parts={"backbone": "ResNet50"},
                layers=["Conv2d"],
                ops=["conv2d"],
                toolchain={},
                created=START,
                sample_rows=[Sample(name=s, position=i) for i, s in enumerate(SAMPLES)],
            )
        )
        session.flush()
    return identity
