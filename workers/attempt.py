"""One attempt in a child process: limits from outside, and an outcome for every way in which the child can end."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from typing import IO

from workers.codec import MAX_BYTES, CodecError, check_report, decode, encode
from workers.environment import child_environment
from workers.evidence import confirm
from workers.outcome import Cause, Outcome
from workers.report import AttemptReport, Stage
from workers.request import AttemptRequest

LOG_TAIL_BYTES = 8 << 10
#: Signals that a process brings upon itself; another one came from outside.
_OWN_SIGNALS = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP)


@dataclass(frozen=True, slots=True)
class _Line:
    """What the child tells: a stage that begins, or the report."""

    stage: Stage | None = None
    report: AttemptReport | None = None


@dataclass(slots=True)
class _Heard:
    """What the child has told so far."""

    stage: Stage = Stage.FETCH
    report: AttemptReport | None = None
    nonsense: str = ""


def run_attempt(request: AttemptRequest) -> AttemptReport:
    """Replay the bundle of ``request`` in a child process of this one.

    The child is a plain subprocess, since Celery's pool processes may have no children of :mod:`multiprocessing`. It gets no
    credentials; it is killed, with all that it started, when the time is over or the report is there.
    """
    read_end, write_end = os.pipe()
    started = time.monotonic()
    with tempfile.TemporaryFile() as log, tempfile.TemporaryFile() as asked, os.fdopen(read_end, "rb", 0) as told:
        asked.write(encode(request))
        asked.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.child", str(write_end)],
            stdin=asked,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(write_end,),
            env=child_environment(),
            start_new_session=True,
        )
        os.close(write_end)
        try:
            heard = _Heard()
            ended = _listen(told, heard, started + request.limits.time_s)
            # A child that has closed its end is ending; one that has not is out of time.
            code = process.wait(10) if ended else None
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _kill(process)
        return replace(_report(request, heard, code), log=_tail(log))


def _listen(told: IO[bytes], heard: _Heard, deadline: float) -> bool:
    """Take in lines until the child closes its end (``True``) or the deadline is over (``False``)."""
    buffer = b""
    with selectors.DefaultSelector() as selector:
        selector.register(told, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if not selector.select(left):
                continue
            chunk = told.read(1 << 16)
            if not chunk:
                return True
            *lines, buffer = (buffer + chunk).split(b"\n")
            if len(buffer) > MAX_BYTES:
                heard.nonsense = "a line without an end"
                return True
            for line in lines:
                _take(line, heard)
    return False


def _take(data: bytes, heard: _Heard) -> None:
    try:
        line = decode(data, _Line)
        if line.report is not None:
            check_report(line.report)
    except CodecError as error:
        heard.nonsense = str(error)
        return
    heard.stage = line.stage or heard.stage
    heard.report = line.report or heard.report


def _report(request: AttemptRequest, heard: _Heard, code: int | None) -> AttemptReport:
    if heard.nonsense:
        return _without(
            request, heard, Outcome.HARNESS_ERROR, Cause.HARNESS, f"the child told nonsense: {heard.nonsense}"
        )
    if heard.report is not None:
        return confirm(heard.report, bundle=request.bundle, nonce=request.nonce)
    if code is None:
        what = f"not done after {request.limits.time_s:g} s, at stage {heard.stage}"
        if heard.stage is Stage.FETCH:  # the device has not been asked for anything yet
            return _without(request, heard, Outcome.INFRA_ERROR, Cause.INFRA, what)
        return _without(request, heard, Outcome.DEVICE_TIMEOUT, Cause.DEVICE_STACK, what)
    if code >= 0:
        what = f"the child ended with code {code} and without a report, at stage {heard.stage}"
        return _without(request, heard, Outcome.HARNESS_ERROR, Cause.HARNESS, what)
    number = signal.Signals(-code)
    what = f"ended by {number.name}, at stage {heard.stage}"
    if number in _OWN_SIGNALS:
        return replace(_without(request, heard, Outcome.CRASH, Cause.DEVICE_STACK, what), signal=-code)
    return replace(_without(request, heard, Outcome.INFRA_ERROR, Cause.INFRA, f"{what}, from outside"), signal=-code)


def _without(request: AttemptRequest, heard: _Heard, outcome: Outcome, cause: Cause, message: str) -> AttemptReport:
    return AttemptReport(
        outcome=outcome, cause=cause, message=message, stage=heard.stage, bundle=request.bundle, nonce=request.nonce
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(log: IO[bytes]) -> str:
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - LOG_TAIL_BYTES))
    return log.read().decode("utf-8", "replace")
