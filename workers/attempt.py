"""One attempt in a child process, within its limits."""

from __future__ import annotations

import sys

from workers.channel import Heard
from workers.codec import encode
from workers.endings import conclude
from workers.environment import hide_environment, worker_environment
from workers.report import AttemptReport
from workers.request import AttemptRequest, Limits
from workers.supervise import supervise

__all__ = ["AttemptRequest", "Limits", "run_attempt"]

#: ``-P``: what lies in the folder that the child starts in is never imported.
COMMAND = (sys.executable, "-P", "-m", "workers.child")


def run_attempt(request: AttemptRequest) -> AttemptReport:
    """Replay the bundle of ``request`` in a child process, within its limits; every way in which that ends is a report."""
    hide_environment()
    heard = Heard()

    def told(data: bytes) -> bool:
        heard.feed(data)
        return heard.complete

    ending = supervise(
        COMMAND, stdin=encode(request), environment=worker_environment(), time_s=request.limits.time_s, told=told
    )
    return conclude(request, heard, ending)
