"""``--watch``: the same again every few seconds, until Ctrl-C.

On a terminal each look is drawn over the last one; anything else gets one look after the other, for a log or a program.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

EVERY_S = 2.0
_Command = TypeVar("_Command", bound=Callable[..., Any])
#: To the upper left corner; to the end of the line; from there to the end of the screen; all of the screen.
_HOME, _REST_OF_LINE, _REST_OF_SCREEN, _CLEAR = "\x1b[H", "\x1b[K", "\x1b[J", "\x1b[2J"


def watch_option(command: _Command) -> _Command:
    """``--watch [SECONDS]``, as the parameter ``watch``."""
    return click.option(
        "--watch",
        is_flag=False,
        flag_value=EVERY_S,
        type=click.FloatRange(min=0.1),
        metavar="[SECONDS]",
        help=f"Look again every so many seconds ({EVERY_S:g}), until Ctrl-C.",
    )(command)


class _Captured(io.StringIO):
    """What is drawn on a terminal later on."""

    def isatty(self) -> bool:
        return True


def watched(look: Callable[[], int], every_s: float | None, *, as_json: bool = False) -> int:
    """The exit code of one ``look``, which prints; with ``every_s`` it looks again and again, and Ctrl-C is a good end.

    A database that cannot be asked any more is said and asked again; where the first look fails, the error is raised.
    Documents are never drawn over.
    """
    if every_s is None:
        return look()
    redraw = sys.stdout.isatty() and not as_json
    looks = 0
    try:
        while True:
            text = _text_of(look, every_s, captured=redraw, first=not looks)
            if redraw:
                _draw(text, every_s, clear=not looks)
            elif not as_json:
                click.echo()  # between one look and the next
            sys.stdout.flush()
            looks += 1
            time.sleep(every_s)
    except KeyboardInterrupt:
        if redraw:
            click.echo()
        return 0


def _text_of(look: Callable[[], int], every_s: float, *, captured: bool, first: bool) -> str:
    """What a look prints, where it is captured; whatever it says on standard error is drawn with it."""
    from farm.errors import InfrastructureError

    out = _Captured()
    try:
        with contextlib.ExitStack() as stack:
            if captured:
                stack.enter_context(contextlib.redirect_stdout(out))
                stack.enter_context(contextlib.redirect_stderr(out))
            look()
    except InfrastructureError as error:
        if first:
            raise
        if not captured:
            click.echo(f"farm: {error}; looking again in {every_s:g} s", err=True)
            return ""
        return f"farm: {error}; looking again in {every_s:g} s"
    return out.getvalue()


def _draw(text: str, every_s: float, *, clear: bool) -> None:
    """Draw over what is there, as much as the terminal has lines for."""
    from farm.clock import utc_now

    lines = [f"every {every_s:g} s, {utc_now():%H:%M:%S} UTC; Ctrl-C ends", "", *text.splitlines()]
    room = max(3, shutil.get_terminal_size().lines - 1)
    if len(lines) > room:
        lines = [*lines[: room - 1], f"and {len(lines) - room + 1} lines more"]
    drawn = "\n".join(line + _REST_OF_LINE for line in lines)
    click.echo(f"{_CLEAR if clear else ''}{_HOME}{drawn}{_REST_OF_SCREEN}", nl=False)
