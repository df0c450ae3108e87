"""Documents of what runs and waits: jobs, devices, submissions, judging again."""

from __future__ import annotations

from typing import Annotated

from farm.documents.base import Document, Part, Time, about
from farm.documents.cells import Architecture, Bundle, Commit, Device, Kind
from farm.documents.found import Gated
from farm.reading.device_list import Presence
from farm.states.conversions import ConversionState
from farm.states.health import Health
from farm.states.jobs import AttemptState, JobState
from farm.states.verdict import Verdict
from farm.states.wait_reason import WaitReason
from workers.outcome import Outcome


class JobAttempt(Part):
    """One try of a job."""

    id: Annotated[str, about("Of the attempt.")]
    n: Annotated[int, about("Which one.")]
    state: Annotated[AttemptState, about("Where it stands.")]
    unit: Annotated[str | None, about("Who had it, as far as anybody said so.")]
    outcome: Annotated[Outcome | None, about("Null until it was reported.")]
    dispatched: Annotated[Time, about("When it was sent.")]
    finished: Annotated[Time | None, about("When it was over.")]


class Job(Part):
    """A bundle that is to be judged on a device type."""

    id: Annotated[int, about("Its number.")]
    architecture: Architecture
    kind: Kind
    device: Device
    state: Annotated[JobState, about("Where it stands.")]
    wait_reason: Annotated[WaitReason | None, about("Why no unit has begun it.")]
    units: Annotated[str, about("What keeps each unit from taking it, or empty.")]
    reason: Annotated[str, about("Why it is in its state, or empty.")]
    priority: Annotated[int, about("The lower, the sooner.")]
    created: Annotated[Time, about("When it was asked for.")]
    since: Annotated[Time, about("When it came into its state.")]
    age_s: Annotated[float, about("Since it was asked for, in seconds.")]
    attempts: Annotated[list[JobAttempt], about("So far.")]
    submission: Annotated[str, about("Id of the submission that asked for it.")]
    commit: Commit
    bundle: Bundle
    probe: Annotated[int | None, about("Number of the probe that it belongs to: it looks for a condition.")]


class Jobs(Document, tag="farm-jobs/1"):
    """Jobs: where each stands, and why it waits."""

    commands = ("farm jobs",)
    total: Annotated[int, about("All that were asked for, shown or not.")]
    counts: Annotated[dict[JobState, int], about("All that were asked for, by state.")]
    conversions: Annotated[dict[ConversionState, int], about("Conversions that are not at their end, by state.")]
    jobs: Annotated[list[Job], about("What is under way first, then what waits in its order, then the newest.")]


class HealthEvent(Part):
    """What became of a unit's health."""

    at: Annotated[Time, about("When.")]
    change: Annotated[str, about("What happened: drained, check passed, ...")]
    old: Annotated[Health, about("Before.")]
    new: Annotated[Health, about("After.")]
    reason: Annotated[str, about("Why.")]
    actor: Annotated[str, about("Who.")]
    attempt: Annotated[str | None, about("The attempt that it follows from.")]


class Unit(Part):
    """One unit of a device type."""

    unit: Annotated[str, about("Its name.")]
    last_seen: Annotated[Time, about("When it was heard of last.")]
    host: Annotated[str, about("The machine that it is at.")]
    presence: Annotated[Presence, about("Whether it is there.")]
    since: Annotated[Time, about("When it came, or was heard last.")]
    health: Annotated[Health, about("How it is.")]
    health_reason: Annotated[str, about("Why.")]
    health_since: Annotated[Time | None, about("Since when.")]
    attempt: Annotated[str | None, about("What it is at.")]
    free_disk_bytes: Annotated[int | None, about("Left for its cache.")]
    note: Annotated[str, about("Why it takes no attempt, or what it is at.")]
    history: Annotated[list[HealthEvent], about("The last twenty, the newest first.")]


class DeviceType(Part):
    """A device type of the inventory."""

    name: Annotated[str, about("Its name.")]
    driver: Annotated[str, about("What drives it.")]
    queue: Annotated[str, about("Its queue on the broker.")]
    policy: Annotated[str, about("By which it is judged.")]
    units: Annotated[list[Unit], about("All that were heard of.")]
    queued: Annotated[int, about("Jobs that wait in the database.")]
    running: Annotated[int, about("Jobs on the wire or on a unit.")]
    waits: Annotated[WaitReason | None, about("Why those that are queued are.")]


class Devices(Document, tag="farm-devices/1"):
    """Device types, their units and queues."""

    commands = ("farm devices",)
    devices: Annotated[list[DeviceType], about("In the order of the inventory.")]


class BadCell(Part):
    """A bad result."""

    architecture: Architecture
    kind: Kind
    device: Device
    verdict: Annotated[Verdict, about("What the farm says.")]


class Selected(Part):
    """An architecture that was selected."""

    architecture: Architecture
    kind: Kind
    reason: Annotated[str, about("Why.")]


class Cost(Part):
    """What a submission cost, and what it was spared."""

    converted: Annotated[int, about("Conversions that were made.")]
    known: Annotated[int, about("Bundles that were known.")]
    inherited: Annotated[int, about("Verdicts that were taken over.")]
    failures: Annotated[int, about("How many of these are failures.")]
    until: Annotated[Time | None, about("When the first of them is due to be proved again.")]
    jobs: Annotated[int, about("Jobs that were made.")]
    fruitless: Annotated[int, about("How many of these ended without telling anything; what was known before stands.")]


class Submit(Document, tag="farm-submit/1"):
    """What a submission came to; without --wait on a broker, what is known so far."""

    commands = ("farm submit",)
    submission: Annotated[str, about("Its id.")]
    commit: Commit
    counts: Annotated[dict[str, dict[Verdict, int]], about("Selected cells, by device type and verdict.")]
    bad: Annotated[list[BadCell], about("Bad results of the product.")]
    selected: Annotated[list[Selected], about("The most urgent first.")]
    cost: Annotated[Cost | None, about("Null where it was not waited for.")]
    gate: Annotated[Gated | None, about("Null where nothing was to be judged.")]


class Before(Part):
    """What another policy said."""

    policy: Annotated[str, about("Name and version.")]
    verdict: Annotated[Verdict, about("Under it.")]


class RejudgedRow(Part):
    """A bundle on a stack, judged again."""

    architecture: Architecture
    kind: Kind
    device: Device
    bundle: Bundle
    stack: Annotated[str, about("Hash of the stack.")]
    before: Before
    verdict: Annotated[Verdict | None, about("Under the new policy.")]
    outcome: Annotated[Outcome | None, about("What the verdict quotes.")]
    margin: Annotated[float | None, about("The least of the newest attempt.")]
    needs_replay: Annotated[str | None, about("Why the statistics do not tell; nothing was entered then.")]


class Rejudge(Document, tag="farm-rejudge/1"):
    """What was observed, judged by another policy."""

    commands = ("farm rejudge",)
    policy: Annotated[str, about("Name and version.")]
    devices: Annotated[list[str], about("Device types that were looked at.")]
    rejudged: Annotated[int, about("Verdicts that were entered.")]
    needs_replay: Annotated[int, about("Where nothing could be entered.")]
    rows: list[RejudgedRow]
