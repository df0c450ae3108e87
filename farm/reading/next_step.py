"""What to do next about a cell: one line, and the command to type; pure, from what the cell and its job say.

The first thing in the way is named: what keeps a job from being run comes before what its last run said.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from farm.reading.job_list import ListedJob
from farm.states.cell import Cell
from farm.states.jobs import JobState
from farm.states.verdict import Provenance, Verdict
from farm.states.wait_reason import WaitReason
from workers.outcome import Cause, Group, Outcome

#: Failures whose reason stands in the log of the process, not in numbers.
_TOLD_BY_LOG = (
    Outcome.CRASH,
    Outcome.DEVICE_TIMEOUT,
    Outcome.OUT_OF_MEMORY,
    Outcome.LOAD_REJECTED,
    Outcome.SHAPE_OR_DTYPE,
)


@dataclass(frozen=True, slots=True)
class NextStep:
    """``text`` says what and why, ``command`` is what to type."""

    text: str
    command: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose cell it is: the architecture, the commit of its table (a key), and the last commit before that was good.

    ``attended``: device hosts run on a broker of their own; without one ``farm submit`` runs everything itself.
    """

    name: str
    commit: str
    good: str | None = None
    attended: bool = True

    @property
    def submit(self) -> str:
        """The command that tests it; uncommitted changes have no revision that could be named."""
        revision = "" if "+" in self.commit else f" --commit {self.commit[:10]}"
        return f"farm submit --name {shlex.quote(self.name)}{revision}"


def next_step(cell: Cell, subject: Subject, job: ListedJob | None = None) -> NextStep | None:
    """What to do about ``cell``; ``None`` where there is nothing to do. ``job`` is the one whose state the cell tells."""
    return _of_job(cell, subject, job) or _of_state(cell, subject) or _BY_VERDICT[cell.verdict](cell, subject)


def _of_job(cell: Cell, subject: Subject, job: ListedJob | None) -> NextStep | None:
    if job is None:
        return None
    if job.state is JobState.QUARANTINED:
        return NextStep(
            "every attempt was lost; see what they left behind, then release the job", f"farm logs {job.id}"
        )
    if job.waits is None:
        return None
    if job.waits is WaitReason.NO_COORDINATOR and not subject.attended:
        return NextStep("nobody runs the queue; a submission takes it up", subject.submit)
    if job.waits in _BY_UNIT and job.hindered:
        text, action = _BY_UNIT[job.waits]
        return NextStep(
            text, f"farm devices {action} {shlex.quote(job.hindered[0])} --device {shlex.quote(cell.device)}"
        )
    return remedy(job.waits, cell.device, str(job.id))


def remedy(reason: WaitReason, device: str, job: str = "JOB") -> NextStep:
    """What to do about what keeps jobs of a device type waiting."""
    text, command = _BY_WAIT[reason]
    return NextStep(text, command.format(device=shlex.quote(device), job=job))


_BY_UNIT: Mapping[WaitReason, tuple[str, str]] = {
    WaitReason.ALL_UNHEALTHY: ("no unit is sound; have one checked", "check"),
    WaitReason.DRAINING: ("every unit is drained; resume one", "resume"),
}


_BY_WAIT: Mapping[WaitReason, tuple[str, str]] = {
    WaitReason.NO_SUCH_DEVICE: ("the inventory has no such device any more; cancel the job", "farm jobs cancel {job}"),
    WaitReason.NO_COORDINATOR: ("nobody runs the queue; start a coordinator", "farm coordinator"),
    WaitReason.BROKER_UNREACHABLE: ("the broker cannot be reached; see what is wrong", "farm doctor"),
    WaitReason.BROKER_FULL: ("the broker takes no more messages; see what waits", "farm jobs --device {device}"),
    WaitReason.ALL_OFFLINE: ("no unit is there; start a host", "celery -A farm worker -Q device_{device}"),
    WaitReason.ALL_UNHEALTHY: ("no unit is sound; see why", "farm devices"),
    WaitReason.DRAINING: ("every unit is drained; see why", "farm devices"),
    WaitReason.BUSY: ("its turn comes; see what is before it", "farm jobs --device {device}"),
    WaitReason.DUE: ("it is sent at the next look; see how it goes", "farm jobs --device {device}"),
}


def _of_state(cell: Cell, subject: Subject) -> NextStep | None:
    """What is under way, or came to its end without having run."""
    if not cell.state:
        return None
    if cell.state.removeprefix("conversion ") in (JobState.CANCELLED, JobState.SUPERSEDED):
        return NextStep(f"it was {cell.state}; submit it again", subject.submit)
    return NextStep(f"it is under way ({cell.state}); see how it goes", f"farm status {_named(subject)} --watch")


def _missing(cell: Cell, subject: Subject) -> NextStep:
    return NextStep("it was never run here; test it", subject.submit)


def _supported(cell: Cell, subject: Subject) -> NextStep | None:
    return _again(cell, subject) if cell.provenance is Provenance.STALE else None


def _again(cell: Cell, subject: Subject) -> NextStep:
    stack = "its stack" if cell.changed else "this code"
    return NextStep(f"it says nothing of {stack}, being stale; test it", subject.submit)


def _unsupported(cell: Cell, subject: Subject) -> NextStep:
    if cell.provenance is Provenance.STALE:
        return _again(cell, subject)
    lacks = f"the device lacks {', '.join(cell.unsupported[:3])}" if cell.unsupported else "the device lacks an op"
    return NextStep(f"{lacks}; see what that would turn green", f"farm fixes {shlex.quote(cell.device)}")


def _no_verdict(cell: Cell, subject: Subject) -> NextStep:
    if cell.attempt is None:
        return _conversion(cell, subject)
    if cell.cause == Cause.DEVICE_UNIT and cell.unit:
        return _of_unit(cell)
    text = _UNDECIDED.get(cell.outcome or Outcome.INFRA_ERROR, "the farm itself stood in the way")
    return NextStep(f"{text}; see what it said", _logs(cell))


_UNDECIDED = {
    Outcome.REFERENCE_INVALID: "its golden outputs are no reference to judge by",
    Outcome.VACUOUS: "it ran, and what it gave proves nothing",
    Outcome.HARNESS_ERROR: "the farm's own code failed",
    Outcome.SKIPPED: "it was skipped for a reason",
}


def _failed(cell: Cell, subject: Subject) -> NextStep:
    if cell.provenance is Provenance.STALE:
        return _again(cell, subject)
    if cell.attempt is None:
        return _conversion(cell, subject)
    if cell.cause == Cause.DEVICE_UNIT and cell.unit:
        return _of_unit(cell)
    if subject.good is not None and "+" not in subject.good + subject.commit:
        bisect = f"--device {shlex.quote(cell.device)} --good {subject.good[:10]} --bad {subject.commit[:10]}"
        return NextStep(
            f"it passed at {subject.good[:10]}; find the commit that broke it",
            f"farm bisect {_named(subject)} {bisect}",
        )
    if cell.outcome in _TOLD_BY_LOG:
        return NextStep("the process says why; read its log", _logs(cell))
    return NextStep("replay it here, from the bundle that failed", f"farm repro {_ran(cell)}")


def _partial(cell: Cell, subject: Subject) -> NextStep:
    if cell.provenance is Provenance.STALE or cell.attempt is None:
        return _failed(cell, subject)
    bad = [r.sample for r in cell.resolutions if r.outcome.group is not Group.GOOD]
    return NextStep(f"it fails at {', '.join(bad[:3]) or 'some sizes'}; replay those here", f"farm repro {_ran(cell)}")


def _flaky(cell: Cell, subject: Subject) -> NextStep:
    if cell.provenance is Provenance.STALE or cell.attempt is None:
        return _failed(cell, subject)
    return NextStep("the same bundle passes and fails; compare what its attempts said", _logs(cell))


def _conversion(cell: Cell, subject: Subject) -> NextStep:
    """It did not become a bundle: there is no attempt, and no device to blame."""
    if cell.outcome in (Outcome.INFRA_ERROR, Outcome.PRECLUDED):
        return NextStep("the conversion was hindered by the farm itself; submit it again", subject.submit)
    return NextStep("it does not convert; try it here", f"farm convert {shlex.quote(subject.name)}")


_BY_VERDICT: Mapping[Verdict, Callable[[Cell, Subject], NextStep | None]] = {
    Verdict.SUPPORTED: _supported,
    Verdict.PARTIAL: _partial,
    Verdict.UNSUPPORTED: _unsupported,
    Verdict.FAILED: _failed,
    Verdict.FLAKY: _flaky,
    Verdict.NO_VERDICT: _no_verdict,
    Verdict.MISSING: _missing,
}


def _named(subject: Subject) -> str:
    return shlex.quote(subject.name)


def _of_unit(cell: Cell) -> NextStep:
    return NextStep(f"the fault is the unit's, {cell.unit}; have it checked", f"farm devices check {_unit(cell)}")


def _unit(cell: Cell) -> str:
    return f"{shlex.quote(cell.unit or '')} --device {shlex.quote(cell.device)}"


def _logs(cell: Cell) -> str:
    return f"farm logs {_ran(cell)}"


def _ran(cell: Cell) -> str:
    """The attempt that a device ran: one that was judged again left no log of its own."""
    return (cell.rejudged or cell.attempt or "")[:12]
