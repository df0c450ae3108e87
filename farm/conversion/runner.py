"""Running the converter's child process: with limits, without credentials, and with an address for every crash."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from farm.conversion.wire import EVENT, Begun, Event, Item, Request, Result
from mcore.pretrained.manifest import VARIABLE
from workers.outcome import Cause, Group, Outcome
from workers.processes.endings import OWN_SIGNALS
from workers.processes.environment import child_environment, hide_environment
from workers.report import signal_name

LOG_TAIL = 4096
POLL_S = 0.5
#: A signal that is for parent and child reaches both within this time.
TOGETHER_S = 1.0


@dataclass(frozen=True, slots=True)
class ConversionLimits:
    """What the conversion of one architecture may use."""

    time_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of a child's process can be chosen.

    Args:
        hash_seed: of Python's hashes of texts, and so of the order in which a set of texts is walked.
        niceness: by how much it makes way for the other processes of the machine.
    """

    hash_seed: int = 0
    niceness: int = 0


def convert_items(
    source: Path,
    items: Sequence[Item],
    limits: ConversionLimits = ConversionLimits(),
    stop: Callable[[], bool] = lambda: False,
    surroundings: Surroundings = Surroundings(),  # frozen
) -> Generator[Event]:
    """Convert ``items`` with the packages in ``source``; yields events as they come, one :class:`Result` for each item.

    A child that dies or hangs costs the item that it was at; the others go on in a new child. Once ``stop`` says so, the child
    is ended and the items that are left have no result.
    """
    remaining = list(items)
    while remaining and not stop():
        stage = "start"
        for event in _run_child(source, remaining, limits, stop, surroundings):
            if isinstance(event, _Death):
                if event.outcome is Outcome.INFRA_ERROR and _is_to_stop(stop):
                    return  # whoever ends all processes of a service at once has ended this one: it is no failure
                dead, *remaining = remaining
                yield event.result(dead.key, stage)
                continue
            if isinstance(event, Result):
                remaining = remaining[1:]
            stage = event.stage if isinstance(event, Begun) else "start"
            yield event


def _is_to_stop(stop: Callable[[], bool]) -> bool:
    """Whether ``stop`` says so, or does in a moment: the signal that ended the child is on its way to this process too."""
    until = time.monotonic() + TOGETHER_S
    while not stop():
        if time.monotonic() >= until:
            return False
        time.sleep(TOGETHER_S / 20)
    return True


@dataclass(frozen=True, slots=True)
class _Death:
    """A child that ended without a result for its item."""

    seconds: float
    outcome: Outcome
    cause: Cause
    what: str
    log: str

    def result(self, key: str, stage: str) -> Result:
        """Of the item that the child was at; before its first stage no code of the network had run."""
        outcome, cause = self.outcome, self.cause
        if stage == "start" and outcome.group is Group.PRODUCT:
            outcome, cause = Outcome.HARNESS_ERROR, Cause.CONVERTER
        return Result(key, self.seconds, outcome, cause, f"{self.what} at stage {stage!r}", self.log)


def _run_child(
    source: Path,
    items: Sequence[Item],
    limits: ConversionLimits,
    stop: Callable[[], bool],
    surroundings: Surroundings,
) -> Iterator[Event | _Death]:
    hide_environment()
    request = msgspec.json.encode(Request(str(source), list(items), surroundings.niceness))
    read_end, write_end = os.pipe()
    with tempfile.TemporaryFile() as log, os.fdopen(read_end, "rb", buffering=0) as events:
        process = subprocess.Popen(
            [sys.executable, "-m", "farm.conversion.child", str(write_end)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(write_end,),
            env=child_environment(
                {"MCORE_BACKEND": "torch", "PYTHONHASHSEED": str(surroundings.hash_seed), **_checkpoints()}
            ),
            start_new_session=True,
        )
        os.close(write_end)
        try:
            assert process.stdin is not None
            with suppress(BrokenPipeError):  # it died at once; that is said below
                process.stdin.write(request)
                process.stdin.close()
            yield from _events(process, events, limits, log, [item.key for item in items], stop)
        finally:
            _kill(process)


def _checkpoints() -> dict[str, str]:
    """Where pretrained weights are, if that is configured."""
    folder = os.environ.get(VARIABLE)
    return {VARIABLE: folder} if folder else {}


def _events(
    process: subprocess.Popen[bytes],
    events: IO[bytes],
    limits: ConversionLimits,
    log: IO[bytes],
    keys: list[str],
    stop: Callable[[], bool],
) -> Iterator[Event | _Death]:
    """Events until the child has given the results of ``keys``, one after the other, or its death."""
    started, buffer = time.monotonic(), b""
    with selectors.DefaultSelector() as selector:
        selector.register(events, selectors.EVENT_READ)
        while keys and not stop():
            left = started + limits.time_s - time.monotonic()
            if left <= 0:
                _kill(process)
                what = f"conversion took more than {limits.time_s:g} s"
                yield _Death(limits.time_s, Outcome.CONVERT_FAILED, Cause.UNKNOWN, what, _tail(log))
                return
            if not selector.select(min(left, POLL_S)):
                # A descendant may hold the channel open for longer than the child lives.
                if process.poll() is None or selector.select(0):
                    continue
                chunk = b""
            else:
                chunk = events.read(65536)
            if not chunk:
                yield _death(_end(process), time.monotonic() - started, _tail(log))
                return
            *lines, buffer = (buffer + chunk).split(b"\n")
            for line in lines:
                event = _event(line, keys)
                if event is None:
                    _kill(process)
                    what = "the converter told nonsense"
                    yield _Death(time.monotonic() - started, Outcome.HARNESS_ERROR, Cause.CONVERTER, what, _tail(log))
                    return
                if isinstance(event, Result):
                    del keys[0]
                    started = time.monotonic()
                yield event


def _event(line: bytes, keys: Sequence[str]) -> Event | None:
    """An event of the item whose turn it is; model code could write to the descriptor too."""
    try:
        event = EVENT.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return event if keys and event.key == keys[0] else None


def _death(code: int, seconds: float, log: str) -> _Death:
    if code < 0:
        name = signal_name(-code)
        if -code in OWN_SIGNALS:
            return _Death(seconds, Outcome.CONVERT_FAILED, Cause.UNKNOWN, f"the converter was ended by {name}", log)
        what = f"the converter was ended from outside by {name}"
        return _Death(seconds, Outcome.INFRA_ERROR, Cause.INFRA, what, log)
    said = f": {log.strip().splitlines()[-1]}" if log.strip() else ""
    what = f"the converter ended with code {code} and no result{said}"
    return _Death(seconds, Outcome.HARNESS_ERROR, Cause.CONVERTER, what, log)


def _end(process: subprocess.Popen[bytes]) -> int:
    """The exit status of a child that has closed its end; one that only closed it is ended."""
    try:
        return process.wait(POLL_S)
    except subprocess.TimeoutExpired:
        _kill(process)
        return process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the child and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(log: IO[bytes]) -> str:
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - LOG_TAIL))
    return log.read().decode("utf-8", "replace")
