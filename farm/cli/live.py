"""How far a submission is, drawn in place in a terminal; lines where standard error is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from farm.cli.context import say

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

    from farm.progress.display import Display
    from farm.progress.stages import Progress, Rest

EVERY_S = 0.5
BAR_WIDTH = 10


class LiveDisplay:
    """A table that is drawn anew: a row for conversion, and one for each device type with its units."""

    def __init__(self, live: Live) -> None:
        self._live = live

    @property
    def every_s(self) -> float:
        return EVERY_S

    def say(self, text: str) -> None:
        """Above the table, which stays below what is said."""
        self._live.console.print(text)

    def show(self, progress: Progress, rests: Mapping[str, Rest]) -> None:
        self._live.update(drawn(progress, rests), refresh=True)


@contextmanager
def progress_display() -> Iterator[Display]:
    """For standard error, as it is. What was drawn is gone at the end; what was said stays."""
    from rich.console import Console
    from rich.live import Live

    from farm.progress.display import Lines

    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    if not draws(console):
        yield Lines(say)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield LiveDisplay(live)


def draws(console: Console) -> bool:
    """Whether a terminal can draw in place."""
    return console.is_terminal and not console.is_dumb_terminal


def drawn(progress: Progress, rests: Mapping[str, Rest]) -> Table:
    """The table."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    from farm.planning.cost import CONVERSION
    from farm.progress.stages import whole
    from farm.progress.words import at_work, rest_at_a_glance

    made = Table(box=None, header_style="dim", pad_edge=False)
    for head in ("stage", "", "done", "waits", "to go, about"):
        made.add_column(head, no_wrap=True)
    made.add_column("at work")  # the only one that may wrap is the first that rich makes narrower
    for stage in progress.stages:
        if not stage.total and stage.name == CONVERSION:
            continue
        made.add_row(
            Text(stage.name),
            ProgressBar(max(stage.total, 1), stage.done, BAR_WIDTH),
            Text(f"{stage.done}/{stage.total}" + (f" ({stage.failed} in vain)" if stage.failed else "")),
            Text(str(len(stage.queued) or "")),
            Text(rest_at_a_glance(rests[stage.name])),
            Text(at_work(stage), no_wrap=True, overflow="ellipsis"),
        )
    if progress.repeats:
        made.add_row(Text("repeats"), "", "", Text(str(progress.repeats)), "", "")
    if rest := rest_at_a_glance(whole(rests)):
        made.add_row(Text("in all"), "", "", "", Text(rest), "")
    return made
