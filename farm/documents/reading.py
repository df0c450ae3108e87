"""Documents of what people read: status, table, diff, history, logs, fixes."""

from __future__ import annotations

from typing import Annotated, Literal

from farm.documents.base import Document, Part, Time, about
from farm.documents.cells import Architecture, Bundle, Cell, Change, Commit, CommitDate, CommitSubject, Device, Kind
from farm.states.jobs import AttemptState
from farm.states.verdict import Verdict
from farm.states.wait_reason import WaitReason
from workers.outcome import Cause, Outcome


class JobOfCell(Part):
    """The job whose state a cell tells."""

    id: Annotated[int, about("Its number.")]
    units: Annotated[str, about("What keeps each unit from taking it.")]
    reason: Annotated[str, about("Why it is in its state, or empty.")]
    since: Annotated[Time, about("When it came into its state.")]
    attempts: Annotated[int, about("Attempts so far.")]


class Mark(Part):
    """One commit of a history strip; it tells of the very code of that commit."""

    commit: Commit
    date: CommitDate
    changed: Annotated[bool, about("Whether the architecture's code changed with it.")]
    verdict: Annotated[Verdict, about("MISSING where this code was not run.")]
    outcome: Annotated[Outcome | None, about("What the verdict quotes.")]


class NextStep(Part):
    """What to do next."""

    text: Annotated[str, about("What, and why.")]
    command: Annotated[str, about("What to type.")]


class StatusCell(Cell):
    """A cell with how it came to be and what to do about it."""

    device: Device
    wait_reason: Annotated[WaitReason | None, about("Why its job waits.")]
    job: Annotated[JobOfCell | None, about("The job that `state` is of.")]
    history: Annotated[list[Mark], about("The last ten commits up to this one, the newest first.")]
    next: Annotated[NextStep | None, about("What to do next; null: nothing.")]


class Status(Document, tag="farm-status/1"):
    """One architecture at one commit, on every device."""

    commands = ("farm status",)
    architecture: Architecture
    kind: Kind
    commit: Commit
    reason: Annotated[str, about("Why it was selected at this commit, or was not.")]
    layers: Annotated[list[str], about("Layers that it is made of.")]
    cells: Annotated[list[StatusCell], about("In the order of the inventory.")]


class TableRow(Part):
    """One architecture; of the four names at least one is filled."""

    architecture: Architecture
    network: Annotated[str | None, about("Name of the network; blocks and attention stand here too.")]
    backbone: Annotated[str | None, about("Name of the backbone.")]
    neck: Annotated[str | None, about("Name of the neck.")]
    head: Annotated[str | None, about("Name of the head or decoder.")]
    kind: Kind
    layers: Annotated[list[str], about("Layers that it is made of.")]
    last_change: Change
    cells: Annotated[dict[str, Cell], about("By device type.")]


class Table(Document, tag="farm-table/1"):
    """The support table of a commit, or the rows that were asked for."""

    commands = ("farm table",)
    commit: Commit
    devices: Annotated[list[str], about("Device types that are shown.")]
    rows: Annotated[list[TableRow], about("By kind and name.")]


class Difference(Part):
    """A cell that is another at the other commit."""

    change: Annotated[Literal["broken", "fixed", "slower", "new", "gone"], about("What became of it.")]
    architecture: Architecture
    kind: Kind
    device: Device
    lost: Annotated[bool, about("Broken for lack of a result.")]
    slowdown: Annotated[float | None, about("Of a slower one, how many times as long it takes.")]
    before: Annotated[Cell | None, about("At the first commit.")]
    after: Annotated[Cell | None, about("At the second.")]


class DiffCounts(Part):
    """Cells by what became of them."""

    broken: int
    fixed: int
    slower: int
    new: int
    gone: int


class Diff(Document, tag="farm-diff/1"):
    """What one commit broke, fixed and slowed down since another."""

    commands = ("farm diff",)
    before: Commit
    after: Commit
    slower_by: Annotated[float, about("From which factor on a cell is slower.")]
    devices: Annotated[list[str], about("Device types that were compared.")]
    counts: DiffCounts
    differences: Annotated[list[Difference], about("The worst first.")]


class HistoryEntry(Part):
    """One commit of a history."""

    commit: Commit
    date: CommitDate
    subject: CommitSubject
    changed: Annotated[bool, about("Whether the architecture's code changed with it.")]
    cells: Annotated[dict[str, Cell], about("By device type, as the table of that commit has them now.")]


class History(Document, tag="farm-history/1"):
    """What was known of one architecture at every commit that was submitted."""

    commands = ("farm history",)
    architecture: Architecture
    kind: Kind
    devices: Annotated[list[str], about("Device types that are shown.")]
    older: Annotated[int, about("Commits beyond the limit.")]
    commits: Annotated[list[HistoryEntry], about("The newest first.")]


class LoggedCase(Part):
    """One sample of an attempt."""

    sample: Annotated[str, about("Its name: height and width.")]
    outcome: Annotated[Outcome, about("What happened to it.")]
    message: Annotated[str, about("What was wrong, or empty.")]
    latency_ms: Annotated[float | None, about("Time of one run, in milliseconds.")]
    fallback: Annotated[str, about("What did not run on the device itself, or empty.")]


class LoggedAttempt(Part):
    """One attempt, and what it left behind."""

    attempt: Annotated[str, about("Its id.")]
    n: Annotated[int, about("Which try of its job it is.")]
    job: Annotated[int, about("Number of the job.")]
    architecture: Architecture
    kind: Kind
    device: Device
    policy: Annotated[str, about("By which it was judged.")]
    commit: Commit
    bundle: Bundle
    state: Annotated[AttemptState, about("Where it stands.")]
    unit: Annotated[str | None, about("The unit that had it, as far as anybody said so.")]
    outcome: Annotated[Outcome | None, about("Null until it was reported.")]
    cause: Annotated[Cause | None, about("Where the reason lies.")]
    stage: Annotated[str | None, about("The last stage that its process reached.")]
    signal: Annotated[int | None, about("The signal that ended its process.")]
    signal_name: Annotated[str | None, about("SIGSEGV and the like.")]
    message: Annotated[str, about("The reason in words, or empty.")]
    unsupported: Annotated[list[str], about("Ops that the device lacks.")]
    duration_s: Annotated[float | None, about("On the unit, in seconds.")]
    peak_memory_bytes: Annotated[int | None, about("The most that its process took.")]
    dispatched: Annotated[Time, about("When it was sent.")]
    finished: Annotated[Time | None, about("When its report was merged, or it was given up.")]
    rejudged: Annotated[str | None, about("The attempt that ran, where this is that one judged again.")]
    cases: Annotated[list[LoggedCase], about("One for each sample.")]
    log: Annotated[str, about("The end of what its process said.")]


class Logs(Document, tag="farm-logs/1"):
    """What attempts left behind."""

    commands = ("farm logs",)
    asked: Annotated[str, about("What was asked for: an attempt or a job.")]
    attempts: Annotated[list[LoggedAttempt], about("Of a job all, the oldest first.")]


class Beside(Part):
    """Another fix that architectures need with a fix."""

    what: Annotated[str, about("The other one.")]
    architectures: Annotated[int, about("How many need both.")]


class Fix(Part):
    """Something that a device lacks."""

    device: Device
    what: Annotated[str, about("An op, or another thing that is in the way.")]
    alone: Annotated[list[str], about("Architectures that it alone would turn green.")]
    needing: Annotated[list[str], about("Architectures that need it.")]
    beside: Annotated[list[Beside], about("What is needed beside it, most first.")]


class Step(Part):
    """One step of the best order of fixes."""

    device: Device
    fixes: Annotated[list[str], about("To be made together.")]
    gained: Annotated[list[str], about("Architectures that turn green then.")]


class Fixes(Document, tag="farm-fixes/1"):
    """What devices lack, and what fixing it would turn green."""

    commands = ("farm fixes",)
    commit: Commit
    devices: Annotated[list[str], about("Device types that were looked at.")]
    blocked: Annotated[int, about("Cells that lack something known.")]
    unexplained: Annotated[int, about("Cells that are not green for another reason.")]
    fixes: Annotated[list[Fix], about("The most useful first.")]
    order: Annotated[list[Step], about("In which order they gain most.")]
