"""One attempt in a child process, within its limits."""

from __future__ import annotations

import sys
from dataclasses import replace

from workers.channel import Heard
from workers.codec import MAX_TEXT, encode
from workers.judging.evidence import Finding, with_canary
from workers.outcome import Group
from workers.processes.checkup import check_unit
from workers.processes.endings import conclude
from workers.processes.environment import hide_environment, worker_environment
from workers.processes.supervise import supervise
from workers.report import AttemptReport
from workers.request import AttemptRequest, Limits

__all__ = ["AttemptRequest", "Limits", "run_attempt"]

#: ``-P``: what lies in the folder that the child starts in is never imported.
COMMAND = (sys.executable, "-P", "-m", "workers.processes.child")


def run_attempt(request: AttemptRequest) -> AttemptReport:
    """Replay the bundle of ``request`` in a child process, within its limits; every way in which that ends is a report.

    A child that a crash or a hang took away can run no canary any more: another one does, so that a unit which broke down
    meanwhile is not taken for a network that it cannot run.
    """
    hide_environment()
    heard = Heard()

    def told(data: bytes) -> bool:
        heard.feed(data)
        return heard.complete

    ending = supervise(
        COMMAND, stdin=encode(request), environment=worker_environment(), time_s=request.limits.time_s, told=told
    )
    report = conclude(request, heard, ending)
    if heard.report is None and report.outcome.group is Group.PRODUCT:
        failure = check_unit(request.driver, request.profile).failure
        after = failure and f"after the network died: {failure}"
        found = with_canary(Finding(report.outcome, report.cause, report.message), after)
        return replace(report, outcome=found.outcome, cause=found.cause, message=found.message[:MAX_TEXT])
    return report
