"""The progress of a submission in a terminal: drawn in place, with its units; lines where there is no terminal."""

from __future__ import annotations

import io
import re
import sys

import pytest
from rich.console import Console

from farm.cli.live import LiveDisplay, drawn, progress_display
from farm.planning.cost import CONVERSION
from farm.progress.display import Lines
from farm.progress.stages import Progress, Rest, Stage, Work

PROGRESS = Progress(
    Stage(CONVERSION, ("network:b",), (Work("network:a", "", 0.0),), done=1, failed=1),
    (
        Stage("numpy", ("network:x",), (Work("network:[bold]x", "bench-1", 4.2),), done=2),
        Stage("board", ("network:x",), waits="all offline"),
    ),
    repeats=2,
)
RESTS = {CONVERSION: Rest(3.0), "numpy": Rest(12.0), "board": Rest(0.0, 1)}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    console.print(drawn(PROGRESS, RESTS))
    assert isinstance(console.file, io.StringIO)
    return [" ".join(re.sub("[━╸╺]+", "|", line).split()) for line in console.file.getvalue().splitlines()]


def test_a_lane_for_each_device_type() -> None:
    assert lines(140) == [
        "stage done waits to go, about at work",
        "conversion | 1/3 (1 in vain) 1 3.0 s a",
        "numpy | 2/4 1 12.0 s bench-1: [bold]x (4.2 s)",
        "board 0/1 1 ? 1 wait: all offline",
        "repeats 2",
        "in all 12.0 s+?",
    ]


def test_a_narrow_terminal_loses_who_is_at_work_first() -> None:
    assert all(len(line) <= 80 for line in lines(80))
    assert lines(80)[1:3] == ["conversion | 1/3 (1 in vain) 1 3.0 s a", "numpy | 2/4 1 12.0 s bench-1: [bold]x …"]


def test_a_terminal_is_drawn_on_and_what_is_said_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setattr(sys, "stderr", out)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with progress_display() as display:
        assert isinstance(display, LiveDisplay)
        display.show(PROGRESS, RESTS)
        display.say("farm: network:[red]a converted")
        display.show(PROGRESS, RESTS)
    assert "farm: network:[red]a converted" in out.getvalue()
    assert "bench-1" in out.getvalue()
    assert out.getvalue().endswith("\x1b[2K")  # what was drawn is wiped out


@pytest.mark.parametrize("term", ["dumb", None])
def test_elsewhere_there_are_lines(
    term: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if term:
        monkeypatch.setattr(sys, "stderr", Terminal())
        monkeypatch.setenv("TERM", term)
    with progress_display() as display:
        assert isinstance(display, Lines)
