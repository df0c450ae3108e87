"""The fields of documents that are lists: commits, devices, jobs; held to what is made like those of :mod:`~.documents`."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict


class CommitDocument(TypedDict):
    """A commit that was submitted; ``selected`` of its ``architectures`` were."""

    commit: str
    sha: str
    dirty: bool
    subject: str
    date: str
    submitted: str
    branch: str | None
    architectures: int
    selected: int


class CommitsDocument(TypedDict):
    """Commits, the newest first; ``before=<next>`` asks for those that follow, of which there are none where it is ``null``."""

    schema: Literal["farm-commits/1"]
    commits: list[CommitDocument]
    next: str | None


class HealthEventDocument(TypedDict):
    """What became of a unit's health, and why."""

    at: str
    change: str
    old: str
    new: str
    reason: str
    actor: str
    attempt: str | None


class UnitDocument(TypedDict):
    """One unit of a device type."""

    unit: str
    last_seen: str
    host: str
    presence: Literal["online", "offline", "unattended"]
    since: str
    health: str
    health_reason: str
    health_since: str | None
    attempt: str | None
    free_disk_bytes: int | None
    note: str
    history: list[HealthEventDocument]


class DeviceDocument(TypedDict):
    """One device type of the inventory."""

    name: str
    driver: str
    queue: str
    policy: str
    units: list[UnitDocument]
    queued: int
    running: int
    waits: str | None


class DevicesDocument(TypedDict):
    """Device types in the inventory's order."""

    schema: Literal["farm-devices/1"]
    devices: list[DeviceDocument]


class JobAttemptDocument(TypedDict):
    """One try of a job; by its id `farm repro` finds it."""

    id: str
    n: int
    state: str
    unit: str | None
    outcome: str | None
    dispatched: str
    finished: str | None


class JobDocument(TypedDict):
    """One (bundle, device type, policy) to be judged."""

    id: int
    architecture: str
    kind: str
    device: str
    state: str
    wait_reason: str | None
    units: str
    reason: str
    priority: int
    created: str
    since: str
    age_s: float
    attempts: list[JobAttemptDocument]
    submission: str
    commit: str
    bundle: str
    probe: int | None


class JobsDocument(TypedDict):
    """Jobs; ``total`` and ``counts`` are of all that were asked for, whatever the limit."""

    schema: Literal["farm-jobs/1"]
    total: int
    counts: dict[str, int]
    conversions: dict[str, int]
    jobs: list[JobDocument]
