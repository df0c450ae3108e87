"""What to do next: one line for everything that a cell can say, with a command that can be typed."""

from __future__ import annotations

import shlex

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.cli import COMMANDS, cli
from farm.reading.job_list import ListedJob
from farm.reading.next_step import NextStep, Subject, next_step
from farm.states.cell import Cell, Resolution
from farm.states.jobs import JobState
from farm.states.verdict import Provenance, Verdict
from farm.states.wait_reason import WaitReason
from tests.farm.cli.test_render import DATE, FAILED, SUPPORTED
from tests.farm.values import replace
from workers.outcome import Cause, Outcome

NET = Subject("resnet50", "a" * 40)
BROKEN = replace(FAILED, device="numpy", attempt="0123456789abcdef0123", commit="a" * 40, unit="board-3")
JOB = ListedJob(
    id=7,
    architecture="resnet50",
    kind="network",
    device="numpy",
    state=JobState.QUEUED,
    waits=WaitReason.DUE,
    notes="",
    reason="",
    priority=0,
    created=DATE,
    since=DATE,
    attempts=(),
    submission="s",
    commit="c",
    bundle="b",
    hindered=("board 3",),
)


def command(cell: Cell, subject: Subject = NET, job: ListedJob | None = None) -> str:
    step = next_step(cell, subject, job)
    return step.command if step else ""


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (SUPPORTED, ""),
        (replace(SUPPORTED, provenance=Provenance.INHERITED), ""),
        (replace(SUPPORTED, provenance=Provenance.STALE), "farm submit --name resnet50 --commit aaaaaaaaaa"),
        (Cell("numpy", Verdict.MISSING, Provenance.NEVER), "farm submit --name resnet50 --commit aaaaaaaaaa"),
        (replace(BROKEN, provenance=Provenance.STALE), "farm submit --name resnet50 --commit aaaaaaaaaa"),
        (BROKEN, "farm repro 0123456789ab"),
        (replace(BROKEN, rejudged="fedcba9876543210"), "farm repro fedcba987654"),
        (replace(BROKEN, verdict=Verdict.PARTIAL), "farm repro 0123456789ab"),
        (replace(BROKEN, verdict=Verdict.FLAKY), "farm logs 0123456789ab"),
        (replace(BROKEN, outcome=Outcome.CRASH), "farm logs 0123456789ab"),
        (replace(BROKEN, outcome=Outcome.DEVICE_TIMEOUT), "farm logs 0123456789ab"),
        (replace(BROKEN, cause=Cause.DEVICE_UNIT), "farm devices check board-3 --device numpy"),
        (
            replace(BROKEN, verdict=Verdict.NO_VERDICT, outcome=Outcome.INFRA_ERROR, cause=Cause.DEVICE_UNIT),
            "farm devices check board-3 --device numpy",
        ),
        (
            replace(BROKEN, verdict=Verdict.NO_VERDICT, outcome=Outcome.VACUOUS, cause=Cause.HARNESS),
            "farm logs 0123456789ab",
        ),
        (replace(BROKEN, verdict=Verdict.UNSUPPORTED, unsupported=("gelu",)), "farm fixes numpy"),
        (replace(BROKEN, attempt=None, outcome=Outcome.CONVERT_FAILED), "farm convert resnet50"),
        (
            replace(BROKEN, attempt=None, verdict=Verdict.NO_VERDICT, outcome=Outcome.INFRA_ERROR),
            "farm submit --name resnet50 --commit aaaaaaaaaa",
        ),
        (replace(BROKEN, state="queued"), "farm status resnet50 --watch"),
        (replace(BROKEN, state="conversion cancelled"), "farm submit --name resnet50 --commit aaaaaaaaaa"),
    ],
)
def test_what_the_cell_alone_asks_for(cell: Cell, expected: str) -> None:
    assert command(cell) == expected


def test_what_passed_before_is_bisected() -> None:
    subject = replace(NET, good="b" * 40)
    assert command(BROKEN, subject) == ("farm bisect resnet50 --device numpy --good bbbbbbbbbb --bad aaaaaaaaaa")
    # The fault of a unit is no commit's, and uncommitted changes cannot be bisected.
    assert command(replace(BROKEN, cause=Cause.DEVICE_UNIT), subject).startswith("farm devices check")
    assert command(BROKEN, replace(subject, commit="a" * 40 + "+dirty.1")) == "farm repro 0123456789ab"


def test_uncommitted_changes_are_submitted_as_they_are() -> None:
    assert command(Cell("numpy", Verdict.MISSING, Provenance.NEVER), Subject("net", "a+dirty.1")) == (
        "farm submit --name net"
    )


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (WaitReason.NO_SUCH_DEVICE, "farm jobs cancel 7"),
        (WaitReason.NO_COORDINATOR, "farm coordinator"),
        (WaitReason.BROKER_UNREACHABLE, "farm doctor"),
        (WaitReason.ALL_OFFLINE, "celery -A farm worker -Q device_numpy"),
        (WaitReason.ALL_UNHEALTHY, "farm devices check 'board 3' --device numpy"),
        (WaitReason.DRAINING, "farm devices resume 'board 3' --device numpy"),
        (WaitReason.BUSY, "farm jobs --device numpy"),
    ],
)
def test_what_keeps_a_job_from_being_run_comes_first(reason: WaitReason, expected: str) -> None:
    assert command(replace(BROKEN, state="queued"), NET, replace(JOB, waits=reason)) == expected


def test_without_a_broker_a_submission_runs_the_queue() -> None:
    job = replace(JOB, waits=WaitReason.NO_COORDINATOR)
    assert command(BROKEN, replace(NET, attended=False), job) == "farm submit --name resnet50 --commit aaaaaaaaaa"


def test_a_job_in_quarantine_is_looked_at() -> None:
    job = replace(JOB, state=JobState.QUARANTINED, waits=None)
    assert command(Cell("numpy", Verdict.MISSING, Provenance.NEVER, state="quarantined"), NET, job) == "farm logs 7"


NAMES = st.sampled_from(["resnet50", "a b", "x;rm -rf ~", "$(y)"])
CELLS = st.builds(
    Cell,
    device=NAMES,
    verdict=st.sampled_from(Verdict),
    provenance=st.sampled_from(Provenance),
    outcome=st.none() | st.sampled_from(Outcome),
    cause=st.none() | st.sampled_from([c.value for c in Cause]),
    resolutions=st.lists(
        st.builds(Resolution, st.just("9x9"), st.sampled_from(Outcome), *[st.none()] * 4, st.just(""))
    ).map(tuple),
    attempt=st.none() | st.just("0123456789abcdef"),
    state=st.sampled_from(["", "queued", "running", "cancelled", "conversion queued", "conversion superseded"]),
    unit=st.none() | NAMES,
)
JOBS = st.builds(
    lambda state, waits, units: replace(JOB, state=state, waits=waits, hindered=tuple(units)),
    st.sampled_from(JobState),
    st.none() | st.sampled_from(WaitReason),
    st.lists(NAMES, max_size=2),
)
SUBJECTS = st.builds(
    Subject, NAMES, st.sampled_from(["a" * 40, "a+dirty.1"]), st.none() | st.just("b" * 40), st.booleans()
)


@given(CELLS, SUBJECTS, st.none() | JOBS)
def test_every_command_is_one_that_the_farm_has_and_takes(cell: Cell, subject: Subject, job: ListedJob | None) -> None:
    step = next_step(cell, subject, job)
    if step is None:
        assert cell.verdict is Verdict.SUPPORTED
        return
    assert step.text
    takes(step)


def takes(step: NextStep) -> None:
    """Raise where the command line does not parse."""
    program, *words = shlex.split(step.command)
    if program == "celery":
        assert words[:4] == ["-A", "farm", "worker", "-Q"]
        return
    assert program == "farm"
    command: click.Command = cli
    context = click.Context(cli, info_name="farm", **cli.context_settings)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        assert command is not cli or words[0] in COMMANDS, step.command
        found = command.get_command(context, words[0])
        if found is None:
            break
        command, words = found, words[1:]
    command.make_context(command.name, words, parent=context)
