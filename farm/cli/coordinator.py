"""``farm coordinator`` and what it shares with ``farm converter``."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

import click

from farm.cli.context import say
from farm.running.context import Context


@click.command()
@click.option(
    "--convert/--no-convert", default=True, show_default=True, help="Convert as well, in a thread of its own."
)
def coordinator(convert: bool) -> None:
    """Run the coordinator: sweep, dispatch and merge, until it is told to stop (SIGINT, SIGTERM).

    \b
    FARM_BROKER_URL=redis://localhost:6379/0 farm coordinator
    """  # noqa: D301
    from farm.running.coordinator import coordinate

    stop = stop_on_signals()
    coordinate(Context.here(), stop.is_set, convert=convert, say=log_to_stderr())


def stop_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = threading.Event()

    def set_it(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, set_it)
    signal.signal(signal.SIGTERM, set_it)
    return stop


def log_to_stderr() -> Callable[[str], None]:
    """One line for each record, as FARM_LOG_FORMAT says; what says a remark in the same format."""
    from farm.logs.lines import log_to

    return logging.getLogger("farm").info if log_to(sys.stderr) else say
