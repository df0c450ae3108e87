"""What a stand-in host does for an attempt and for a check of the unit: nothing, or what the name of an architecture asks.

``STANDIN_WORK_S`` is how long an attempt takes at most, ``STANDIN_RUNS`` a file that gets a line for each that is begun.
An attempt of an architecture whose name begins with ``poison`` kills the process that runs it, of one that begins with ``slow``
takes a second.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from farm.protocol import AttemptMessage, CheckedMessage, CheckMessage, ReportMessage
from farm.settings import HostSettings
from workers.outcome import Cause, Outcome
from workers.report import AttemptReport, CaseReport, Stage

POISON, SLOW, SLOW_S = "poison", "slow", 1.0
SAMPLES = ("224x224", "128x192", "97x129")
_WORK_S = float(os.environ.get("STANDIN_WORK_S", "0"))
_RUNS = os.environ.get("STANDIN_RUNS")
_REPORT = AttemptReport(
    outcome=Outcome.PASS,
    cause=Cause.UNKNOWN,
    message="",
    stage=Stage.DONE,
    bundle="",
    nonce="",
    stack={"runtime": "stand-in 1"},
    cases=tuple(CaseReport(sample, Outcome.PASS, latency_ms=1.0) for sample in SAMPLES),
)


def perform(message: AttemptMessage, host: HostSettings) -> ReportMessage:
    """What :func:`farm.host.attempt.perform` does, without a bundle and without a device."""
    began = time.monotonic()
    if _RUNS:
        note(Path(_RUNS), message.attempt)
    name = message.architecture.partition(":")[2]
    if name.startswith(POISON):
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith(SLOW):
        time.sleep(SLOW_S)
    elif _WORK_S:
        time.sleep(random.uniform(0.2, 1.0) * _WORK_S)
    report = AttemptReport(
        **{name: getattr(_REPORT, name) for name in ("outcome", "cause", "message", "stage", "stack", "cases")},
        bundle=message.bundle,
        nonce=message.nonce,
    )
    return ReportMessage(message.attempt, message.token, host.unit, time.monotonic() - began, report)


def perform_check(message: CheckMessage, host: HostSettings) -> CheckedMessage:
    """A unit that is always sound."""
    return CheckedMessage(message.check, message.token, message.device_type, host.unit, "", False, dict(_REPORT.stack))


def note(runs: Path, attempt: str) -> None:
    """One line, whole, whatever else is killed at this moment."""
    with runs.open("ab", buffering=0) as out:
        out.write(f"{attempt}\n".encode())
