"""Running the converter's child process: with limits, without credentials, and with an address for every crash."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from farm.conversion.wire import EVENT, Begun, Event, Item, Request, Result
from workers.environment import child_environment
from workers.outcome import Cause, Outcome

LOG_TAIL = 4096


@dataclass(frozen=True, slots=True)
class ConversionLimits:
    """What the conversion of one architecture may use."""

    time_s: float = 600.0


def convert_items(
    source: Path, items: Sequence[Item], limits: ConversionLimits = ConversionLimits()
) -> Iterator[Event]:
    """Convert ``items`` with the packages in ``source``; yields events as they come, one :class:`Result` for each item.

    A child that dies or hangs costs the item that it was at; the others go on in a new child.
    """
    remaining = list(items)
    while remaining:
        current = remaining[0]
        stage = "start"
        for event in _run_child(source, remaining, limits):
            if isinstance(event, Begun):
                current = next(item for item in remaining if item.key == event.key)
                stage = event.stage
                yield event
            elif isinstance(event, Result):
                remaining = [item for item in remaining if item.key != event.key]
                stage = "start"
                yield event
            else:
                remaining.remove(current)
                yield Result(current.key, event.seconds, event.outcome, event.cause, event.message(stage), event.log)


@dataclass(frozen=True, slots=True)
class _Death:
    """A child that ended without a result for its item."""

    seconds: float
    outcome: Outcome
    cause: Cause
    what: str
    log: str

    def message(self, stage: str) -> str:
        return f"{self.what} at stage {stage!r}"


def _run_child(source: Path, items: Sequence[Item], limits: ConversionLimits) -> Iterator[Event | _Death]:
    request = msgspec.json.encode(Request(str(source), list(items)))
    read_end, write_end = os.pipe()
    with tempfile.TemporaryFile() as log, os.fdopen(read_end, "rb", buffering=0) as events:
        process = subprocess.Popen(
            [sys.executable, "-m", "farm.conversion.child", str(write_end)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(write_end,),
            env=child_environment({"MCORE_BACKEND": "torch"}),
            start_new_session=True,
        )
        os.close(write_end)
        try:
            assert process.stdin is not None
            try:
                process.stdin.write(request)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it died at once; that is said below
            yield from _events(process, events, limits, log, len(items))
        finally:
            _kill(process)


def _events(
    process: subprocess.Popen[bytes], events: IO[bytes], limits: ConversionLimits, log: IO[bytes], expected: int
) -> Iterator[Event | _Death]:
    """Events until the child has given ``expected`` results, or its death."""
    started, results, buffer = time.monotonic(), 0, b""
    with selectors.DefaultSelector() as selector:
        selector.register(events, selectors.EVENT_READ)
        while results < expected:
            left = started + limits.time_s - time.monotonic()
            if left <= 0:
                _kill(process)
                what = f"conversion took more than {limits.time_s:.0f} s"
                yield _Death(limits.time_s, Outcome.CONVERT_FAILED, Cause.UNKNOWN, what, _tail(log))
                return
            if not selector.select(left):
                continue
            chunk = events.read(65536)
            if not chunk:
                yield _death(process.wait(), time.monotonic() - started, _tail(log))
                return
            *lines, buffer = (buffer + chunk).split(b"\n")
            for line in lines:
                event = EVENT.decode(line)
                if isinstance(event, Result):
                    results += 1
                    started = time.monotonic()
                yield event


def _death(code: int, seconds: float, log: str) -> _Death:
    if code < 0:
        name = signal.Signals(-code).name
        return _Death(seconds, Outcome.CONVERT_FAILED, Cause.UNKNOWN, f"the converter was ended by {name}", log)
    what = f"the converter ended with code {code} and no result: {log.strip().splitlines()[-1] if log.strip() else ''}"
    return _Death(seconds, Outcome.HARNESS_ERROR, Cause.CONVERTER, what, log)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(log: IO[bytes]) -> str:
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - LOG_TAIL))
    return log.read().decode("utf-8", "replace")
