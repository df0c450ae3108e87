"""Documents that only the API has: one thing whole, the commits, and what a monitor asks."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from farm.documents.base import Document, Part, Time, about
from farm.documents.cells import (
    Architecture,
    Bundle,
    Commit,
    CommitDate,
    CommitSubject,
    Condition,
    Device,
    DivergentLayer,
    Kind,
)
from farm.documents.queue import BadCell, Unit
from farm.states.conversions import ConversionState
from farm.states.health import Health
from farm.states.jobs import AttemptState, JobState
from farm.states.verdict import Verdict
from farm.states.wait_reason import WaitReason
from workers.outcome import Cause, Outcome


class ListedCommit(Part):
    """A commit that was submitted."""

    commit: Commit
    sha: Annotated[str, about("Its full id.")]
    dirty: Annotated[bool, about("Whether there were uncommitted changes.")]
    subject: CommitSubject
    date: CommitDate
    submitted: Annotated[Time, about("When it was last.")]
    branch: Annotated[str | None, about("That it was submitted from.")]
    architectures: Annotated[int, about("That there are.")]
    selected: Annotated[int, about("Of these.")]


class Commits(Document, tag="farm-commits/1"):
    """The commits that were submitted."""

    routes = ("/api/commits",)
    commits: Annotated[list[ListedCommit], about("The newest first.")]
    next: Annotated[str | None, about("`before=` it asks for those that follow; null: there are none.")]


class Try(Part):
    """One of the attempts of a job."""

    attempt: Annotated[str, about("Its id.")]
    n: Annotated[int, about("Which one.")]
    state: Annotated[AttemptState, about("Where it stands.")]
    unit: Annotated[str | None, about("Who had it, as far as anybody said so.")]
    outcome: Annotated[Outcome | None, about("Null until it was reported.")]
    cause: Annotated[Cause | None, about("Where the reason lies.")]
    message: Annotated[str, about("The reason in words, or empty.")]
    dispatched: Annotated[Time, about("When it was sent.")]
    finished: Annotated[Time | None, about("When it was over.")]


class PolicyGate(Part):
    """What a gate of the policy found."""

    gate: Annotated[str, about("Its name.")]
    found: Annotated[str, about("What was measured.")]
    limit: Annotated[str, about("What it asks for.")]
    margin: Annotated[float, about("Between the two; below 0 where it does not hold.")]


class Tensor(Part):
    """Figures of an output, or with a layer the worst of all layers of that op."""

    output: Annotated[str, about("Its name.")]
    layer: Annotated[str, about("The op, or empty.")]
    run: Annotated[int, about("Which run of the sample.")]
    max_abs_error: Annotated[float, about("Largest absolute error.")]
    max_rel_error: Annotated[float, about("Largest relative error.")]
    sqnr_db: Annotated[float, about("Signal-to-noise ratio, in decibels.")]
    cosine: Annotated[float, about("Cosine of the angle to the golden.")]
    share_outside: Annotated[float, about("Share of elements beyond the tolerance.")]
    margin: Annotated[float | None, about("The least of the gates; null where it was not judged.")]
    gates: Annotated[list[PolicyGate], about("Of the policy; none where it was not judged.")]


class ProbedValue(Part):
    """A value that was looked at on the way to the first divergent layer."""

    value: Annotated[str, about("Name of the value in the graph.")]
    op: Annotated[str, about("Op of the Platform.")]
    module: Annotated[str, about("Path of the module.")]
    error: Annotated[float, about("Error, relative to the golden's peak.")]


class AttemptCase(Part):
    """One sample of an attempt, with its figures."""

    sample: Annotated[str, about("Its name: height and width.")]
    outcome: Annotated[Outcome, about("What happened to it.")]
    message: Annotated[str, about("What was wrong, or empty.")]
    latency_ms: Annotated[float | None, about("Time of one run, in milliseconds.")]
    fallback: Annotated[str, about("What did not run on the device itself, or empty.")]
    first_divergent_layer: Annotated[DivergentLayer | None, about("Of a mismatch, where it was found.")]
    probes: Annotated[list[ProbedValue], about("In the order of the graph.")]
    tensors: Annotated[list[Tensor], about("Outputs, and the worst layer of each op.")]


class TriedJob(Part):
    """The job of an attempt."""

    id: Annotated[int, about("Its number.")]
    state: Annotated[JobState, about("Where it stands.")]
    reason: Annotated[str, about("Why it is in its state, or empty.")]
    attempts: Annotated[list[Try], about("All of them, this one too.")]


class QuotedBy(Part):
    """A verdict that quotes an attempt."""

    verdict: Annotated[Verdict, about("What the farm says.")]
    policy: Annotated[str, about("By which it was judged.")]
    proved: Annotated[Time, about("When an attempt last bore it out.")]
    condition: Annotated[Condition | None, about("Of a PARTIAL verdict, once it was looked for.")]


class Consequence(Part):
    """What an attempt did to the health of its unit."""

    at: Annotated[Time, about("When.")]
    change: Annotated[str, about("What happened: drained, check passed, ...")]
    old: Annotated[Health, about("Before.")]
    new: Annotated[Health, about("After.")]
    reason: Annotated[str, about("Why.")]


class Attempt(Try, tag_field="schema", tag="farm-attempt/1"):
    """All the evidence of one attempt."""

    routes = ("/api/attempts/{attempt}",)
    host: Annotated[str, about("The machine of the unit, or empty.")]
    addressed: Annotated[str | None, about("The unit that it was sent to, where it was sent to one alone.")]
    architecture: Architecture
    kind: Kind
    device: Device
    driver: Annotated[str, about("What drives it.")]
    profile: Annotated[dict[str, Any], about("Of the device type, in the inventory.")]
    policy: Annotated[dict[str, Any], about("By which it was judged.")]
    submission: Annotated[str, about("Id of the submission that asked for it.")]
    commit: Commit
    bundle: Bundle
    stage: Annotated[str | None, about("The last stage that its process reached.")]
    signal: Annotated[int | None, about("The signal that ended its process.")]
    echoed: Annotated[bool | None, about("Whether its report named its bundle and nonce; null: not known.")]
    rejudged: Annotated[str | None, about("The attempt that ran, where this is that one judged again.")]
    canaries: Annotated[str, about("What the known-good network said of the unit.")]
    duration_s: Annotated[float | None, about("On the unit, in seconds.")]
    load_ms: Annotated[float | None, about("Time of loading, in milliseconds.")]
    peak_memory_bytes: Annotated[int | None, about("The most that its process took.")]
    unsupported: Annotated[list[str], about("Ops that the device lacks.")]
    cases: Annotated[list[AttemptCase], about("One for each sample.")]
    stack: Annotated[dict[str, str], about("Versions of all that can change a result, as they were then.")]
    log: Annotated[str, about("The end of what its process said.")]
    job: TriedJob
    verdicts: Annotated[list[QuotedBy], about("That stand on it.")]
    consequences: Annotated[list[Consequence], about("For its unit, the oldest first.")]
    commits: Annotated[list[str], about("The newest at which the architecture has this bundle.")]
    commits_in_all: Annotated[int, about("How many there are.")]


class UnitStack(Part):
    """What a unit runs on in a configuration."""

    fingerprint: Annotated[dict[str, str], about("Versions of all that can change a result.")]
    since: Annotated[Time, about("When it was heard of first.")]
    seen: Annotated[Time, about("When it was heard of last.")]
    present: Annotated[bool, about("Whether the configuration is the inventory's.")]


class Day(Part):
    """Attempts that ended on a day of UTC."""

    date: Annotated[date, about("The day.")]
    told: Annotated[int, about("That told something of a network.")]
    lost: Annotated[int, about("That came to nothing.")]
    busy_s: Annotated[float, about("How long units worked on them, in seconds.")]


class UnitAttempt(Part):
    """An attempt that a unit had."""

    attempt: Annotated[str, about("Its id.")]
    architecture: Architecture
    kind: Kind
    state: Annotated[AttemptState, about("Where it stands.")]
    outcome: Annotated[Outcome | None, about("Null until it was reported.")]
    cause: Annotated[Cause | None, about("Where the reason lies.")]
    dispatched: Annotated[Time, about("When it was sent.")]
    finished: Annotated[Time | None, about("When it was over.")]
    duration_s: Annotated[float | None, about("On the unit, in seconds.")]


class UnitCheck(Part):
    """A check of a unit."""

    sent: Annotated[Time, about("When.")]
    finished: Annotated[Time | None, about("When it was over.")]
    failure: Annotated[str, about("Why it failed, or empty.")]


class UnitRecord(Unit, tag_field="schema", tag="farm-unit/1"):
    """All of one unit."""

    routes = ("/api/devices/{device}/units/{unit}",)
    device: Device
    first_seen: Annotated[Time, about("When it was heard of first.")]
    probation: Annotated[int, about("Attempts that it has to end soundly, until it is trusted as before.")]
    stacks: Annotated[list[UnitStack], about("The present one first.")]
    days: Annotated[list[Day], about("The last fourteen.")]
    attempts: Annotated[list[UnitAttempt], about("The newest twenty.")]
    checks: Annotated[list[UnitCheck], about("The newest twenty.")]


class Left(Part):
    """What is still to come."""

    conversions: int
    jobs: int
    repeats: int
    seconds: Annotated[float, about("About how long it takes.")]
    unknown: Annotated[int, about("Pieces of work that are not in the seconds.")]


class Running(Part):
    """A piece of work under way."""

    architecture: Architecture
    kind: Kind
    attempt: Annotated[str | None, about("Its id; null of a conversion.")]
    unit: Annotated[str | None, about("Who has it, as far as anybody said so.")]
    since: Annotated[Time | None, about("When it was sent or begun.")]


class Refused(Part):
    """An architecture that became no bundle."""

    architecture: Architecture
    kind: Kind
    outcome: Annotated[str, about("Of the conversion.")]
    cause: Annotated[str, about("Where the reason lies.")]
    message: Annotated[str, about("The reason in words.")]


class Lane(Part):
    """What a submission is at on one device type."""

    device: Device
    waiting: Annotated[int, about("Jobs that no unit has begun.")]
    wait_reason: Annotated[WaitReason | None, about("Why they wait.")]
    units: Annotated[str, about("What keeps each unit from taking them, or empty.")]
    running: Annotated[list[Running], about("Jobs that a unit has begun.")]
    ended: Annotated[dict[JobState, int], about("Jobs at their end, by state.")]
    verdicts: Annotated[dict[Verdict, int], about("Of the selected cells, inherited ones too.")]


class Submission(Document, tag="farm-submission/1"):
    """Where a submission stands."""

    routes = ("/api/submissions/{submission}",)
    submission: Annotated[str, about("Its id.")]
    commit: Commit
    counts: Annotated[dict[str, dict[Verdict, int]], about("Selected cells, by device type and verdict.")]
    bad: Annotated[list[BadCell], about("Bad results of the product.")]
    subject: CommitSubject
    base: Annotated[str | None, about("What it is compared with.")]
    branch: Annotated[str | None, about("That it was submitted from.")]
    created: Annotated[Time, about("When.")]
    reprove: Annotated[str, about("Which known verdicts were to be proved again.")]
    open: Annotated[bool, about("Whether anything is still to come.")]
    left: Left
    conversions: Annotated[dict[ConversionState, int], about("By state.")]
    converting: Annotated[list[Running], about("Conversions under way, the first twenty.")]
    refused: list[Refused]
    repeats: Annotated[dict[str, int], about("Conversions that are repeated, by state.")]
    lanes: Annotated[list[Lane], about("By device type.")]


class Healthz(Document, tag="farm-health/1"):
    """Whether the pages can read."""

    routes = ("/healthz",)
    database: Literal["good", "away"]
    coordinator_age_s: Annotated[
        float | None, about("Since the last sign of any coordinator, in seconds; null where there was none.")
    ]


class Failure(Document, tag="farm-error/1"):
    """Why there is no document of what was asked for."""

    routes = ("/api/...",)
    status: Annotated[int, about("Of HTTP.")]
    error: Annotated[str, about("One line.")]
