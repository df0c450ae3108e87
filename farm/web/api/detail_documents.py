"""The fields of documents of one thing; held to what is made like those of :mod:`~.documents`."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

from farm.coordinator.verdict import Verdict
from farm.web.api.documents import LayerDocument
from farm.web.api.list_documents import UnitDocument
from workers.outcome import Outcome


class TryDocument(TypedDict):
    """One of the attempts of a job."""

    attempt: str
    n: int
    state: str
    unit: str | None
    outcome: Outcome | None
    cause: str | None
    message: str
    dispatched: str
    finished: str | None


class GateDocument(TypedDict):
    """What a gate of the policy found, what it asks for, and the margin between, below 0 where it does not hold."""

    gate: str
    found: str
    limit: str
    margin: float


class TensorDocument(TypedDict):
    """Figures of an output, or with ``layer`` the worst of all layers of that op; no gates where it was not judged."""

    output: str
    layer: str
    run: int
    max_abs_error: float
    max_rel_error: float
    sqnr_db: float
    cosine: float
    share_outside: float
    margin: float | None
    gates: list[GateDocument]


class ProbeDocument(TypedDict):
    """The error of a value that was looked at on the way to the first divergent layer."""

    value: str
    op: str
    module: str
    error: float


class CaseDocument(TypedDict):
    """One sample; ``probes`` are in the order of the graph."""

    sample: str
    outcome: Outcome
    message: str
    latency_ms: float | None
    fallback: str
    first_divergent_layer: LayerDocument | None
    probes: list[ProbeDocument]
    tensors: list[TensorDocument]


class TriedJobDocument(TypedDict):
    """The job of an attempt, with all its attempts."""

    id: int
    state: str
    reason: str
    attempts: list[TryDocument]


class QuotedDocument(TypedDict):
    """A verdict that quotes an attempt, and when one last bore it out."""

    verdict: Verdict
    policy: str
    proved: str


class ConsequenceDocument(TypedDict):
    """What an attempt did to the health of its unit."""

    at: str
    change: str
    old: str
    new: str
    reason: str


class AttemptDocument(TryDocument):
    """All the evidence of one attempt."""

    schema: Literal["farm-attempt/1"]
    host: str
    addressed: str | None
    architecture: str
    kind: str
    device: str
    driver: str
    profile: dict[str, Any]
    policy: dict[str, Any]
    submission: str
    commit: str
    bundle: str
    stage: str | None
    signal: int | None
    echoed: bool | None
    rejudged: str | None
    canaries: str
    duration_s: float | None
    load_ms: float | None
    peak_memory_bytes: int | None
    unsupported: list[str]
    cases: list[CaseDocument]
    stack: dict[str, str]
    log: str
    job: TriedJobDocument
    verdicts: list[QuotedDocument]
    consequences: list[ConsequenceDocument]
    commits: list[str]
    commits_in_all: int


class UnitStackDocument(TypedDict):
    """What a unit runs on in a configuration, ``present`` where that is the inventory's."""

    fingerprint: dict[str, str]
    since: str
    seen: str
    present: bool


class DayDocument(TypedDict):
    """Attempts that ended on a day of UTC: that told something of a network, and that came to nothing."""

    date: str
    told: int
    lost: int
    busy_s: float


class UnitAttemptDocument(TypedDict):
    """An attempt that a unit had."""

    attempt: str
    architecture: str
    kind: str
    state: str
    outcome: Outcome | None
    cause: str | None
    dispatched: str
    finished: str | None
    duration_s: float | None


class CheckDocument(TypedDict):
    """A check of a unit; failed where there is a ``failure``."""

    sent: str
    finished: str | None
    failure: str


class UnitRecordDocument(UnitDocument):
    """All of one unit."""

    schema: Literal["farm-unit/1"]
    device: str
    first_seen: str
    probation: int
    stacks: list[UnitStackDocument]
    days: list[DayDocument]
    attempts: list[UnitAttemptDocument]
    checks: list[CheckDocument]


class BadDocument(TypedDict):
    """A bad result."""

    architecture: str
    kind: str
    device: str
    verdict: Verdict


class LeftDocument(TypedDict):
    """What is still to come, and about how long it takes; ``unknown`` pieces of work are not in the ``seconds``."""

    conversions: int
    jobs: int
    repeats: int
    seconds: float
    unknown: int


class RunningDocument(TypedDict):
    """A piece of work under way; without ``attempt`` it is a conversion."""

    architecture: str
    kind: str
    attempt: str | None
    unit: str | None
    since: str | None


class RefusedDocument(TypedDict):
    """An architecture that became no bundle."""

    architecture: str
    kind: str
    outcome: str
    cause: str
    message: str


class LaneDocument(TypedDict):
    """One device type: jobs ``waiting`` and ``running``, ``ended`` by state, and the verdicts of the selected cells."""

    device: str
    waiting: int
    wait_reason: str | None
    units: str
    running: list[RunningDocument]
    ended: dict[str, int]
    verdicts: dict[str, int]


class SubmissionDocument(TypedDict):
    """Where a submission stands."""

    schema: Literal["farm-submission/1"]
    submission: str
    commit: str
    counts: dict[str, dict[str, int]]
    bad: list[BadDocument]
    subject: str
    base: str | None
    branch: str | None
    created: str
    reprove: str
    open: bool
    left: LeftDocument
    conversions: dict[str, int]
    converting: list[RunningDocument]
    refused: list[RefusedDocument]
    repeats: dict[str, int]
    lanes: list[LaneDocument]


class ListedCheckpointDocument(TypedDict):
    """A checkpoint; ``metadata`` as in docs/checkpoints.md."""

    id: str
    kind: Literal["network", "backbone"]
    network: str
    task: str
    created: str
    parts: list[str]
    tensors: int
    size_bytes: int
    resumable: bool
    metadata: dict[str, Any]


class CheckpointsDocument(TypedDict):
    """The checkpoints that a filter finds."""

    schema: Literal["farm-checkpoints/1"]
    checkpoints: list[ListedCheckpointDocument]


class CheckpointDocument(TypedDict):
    """One checkpoint: where its metadata file is, and what is in it."""

    schema: Literal["farm-checkpoint/1"]
    file: str
    checkpoint: dict[str, Any]
