"""The documents' fields and their types, for OpenAPI; a test holds them against what the functions of the command make."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from farm.coordinator.verdict import Provenance, Verdict
from workers.outcome import Outcome


class ResolutionDocument(TypedDict):
    """One sample of a cell; the worst figures over its outputs."""

    sample: str
    outcome: Outcome
    max_abs_error: float | None
    sqnr_db: float | None
    margin: float | None
    latency_ms: float | None
    message: str


class LayerDocument(TypedDict):
    """The first divergent layer of a cell."""

    module: str
    source: str
    op: str
    value: str
    error: float
    introduced_here: bool | None
    local_error: float | None
    inherited_error: float | None
    signature: str


class TraitDocument(TypedDict):
    """A trait of a graph, and how likely a device works with it."""

    trait: str
    works: float


class PredictionDocument(TypedDict):
    """What a device will likely make of what was never tested there."""

    chance: float
    blocking: list[TraitDocument]
    new: list[str]
    evidence: int


class ConditionDocument(TypedDict):
    """Under which condition a network that is PARTIAL fails, with the evidence; of ``fits`` false, ``why`` there is none."""

    text: str
    fits: bool
    passes: int
    fails: int
    border: str
    nearest_pass: str
    nearest_fail: str
    others: list[str]
    why: str


class SourceDocument(TypedDict):
    """The attempt that observed something."""

    attempt: str
    observed_at: str
    observed_date: str | None


class ChangeDocument(TypedDict):
    """The commit of a change; dates are in ISO 8601."""

    commit: str
    date: str


class CellDocument(TypedDict):
    """What is known of one architecture on one device type."""

    verdict: Verdict
    provenance: Provenance
    outcome: Outcome | None
    cause: str | None
    message: str
    state: str
    resolutions: list[ResolutionDocument]
    max_abs_error: float | None
    sqnr_db: float | None
    margin: float | None
    latency_ms: float | None
    unsupported: list[str]
    first_divergent_layer: LayerDocument | None
    attempt: str | None
    rejudged: str | None
    observed_at: str | None
    observed_date: str | None
    unit: str | None
    stack: dict[str, str]
    stack_changes: list[str]
    expires: str | None
    prediction: PredictionDocument | None
    condition: ConditionDocument | None
    probe: str
    latency_from: SourceDocument | None
    last_change: ChangeDocument


class RowDocument(TypedDict):
    """One architecture of a table, with its cells by device type."""

    architecture: str
    network: str | None
    backbone: str | None
    neck: str | None
    head: str | None
    kind: str
    layers: list[str]
    last_change: ChangeDocument
    cells: dict[str, CellDocument]


class TableDocument(TypedDict):
    """The support table of a commit."""

    schema: Literal["farm-table/1"]
    commit: str
    devices: list[str]
    rows: list[RowDocument]


class CellJobDocument(TypedDict):
    """The job that a cell tells the state of."""

    id: int
    units: str
    reason: str
    since: str
    attempts: int


class MarkDocument(TypedDict):
    """One commit of a history strip."""

    commit: str
    date: str
    changed: bool
    verdict: Verdict
    outcome: Outcome | None


class NextStepDocument(TypedDict):
    """What to do next, and the command to type."""

    text: str
    command: str


class StatusCellDocument(CellDocument):
    """A cell, the job that is to bring it up to date, how it was at the last commits, and what to do next."""

    device: str
    wait_reason: str | None
    job: CellJobDocument | None
    history: list[MarkDocument]
    next: NextStepDocument | None


class StatusDocument(TypedDict):
    """One architecture at a commit, on every device type."""

    schema: Literal["farm-status/1"]
    architecture: str
    kind: str
    commit: str
    reason: str
    layers: list[str]
    cells: list[StatusCellDocument]


class EntryDocument(TypedDict):
    """One architecture at one of its commits."""

    commit: str
    date: str
    subject: str
    changed: bool
    cells: dict[str, CellDocument]


class HistoryDocument(TypedDict):
    """One architecture at every commit, the newest first; ``older`` ones are left out."""

    schema: Literal["farm-history/1"]
    architecture: str
    kind: str
    devices: list[str]
    older: int
    commits: list[EntryDocument]


class DifferenceDocument(TypedDict):
    """One cell that differs."""

    change: Literal["broken", "fixed", "slower", "new", "gone"]
    architecture: str
    kind: str
    device: str
    lost: bool
    slowdown: float | None
    before: CellDocument | None
    after: CellDocument | None


class DiffDocument(TypedDict):
    """What became better and worse from one commit to another."""

    schema: Literal["farm-diff/1"]
    before: str
    after: str
    slower_by: float
    devices: list[str]
    counts: dict[str, int]
    differences: list[DifferenceDocument]
