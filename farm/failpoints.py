"""Places at which the fault suite ends a process by SIGKILL, to see that nothing is lost there: ``FARM_FAILPOINT=name[:n]``.

At the ``n``-th time that the process passes the place (the first by default). Without the variable each is one comparison. The
places are those between two steps of which the second must not be taken for granted; docs/guarantees.md lists them.
"""

from __future__ import annotations

import os
import signal

NAMES = (
    "dispatch.committed",
    "dispatch.sent",
    "merge.written",
    "merge.committed",
    "host.began",
    "host.performed",
    "host.reported",
    "convert.claimed",
    "convert.pushed",
    "convert.recorded",
    "notify.sent",
)


class _Armed:
    """The one place that is armed in this process, and how often it is to be passed before."""

    def __init__(self, setting: str) -> None:
        self.name, _, times = setting.partition(":")
        if self.name and (self.name not in NAMES or not (times or "1").isdigit()):
            raise SystemExit(f"farm: FARM_FAILPOINT {setting!r}: it is name[:n], with one of {', '.join(NAMES)}")
        self.left = int(times or 1)


_armed = _Armed(os.environ.get("FARM_FAILPOINT", ""))


def failpoint(name: str) -> None:
    """End this process here, where ``FARM_FAILPOINT`` says so."""
    if name != _armed.name:
        return
    _armed.left -= 1
    if _armed.left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
