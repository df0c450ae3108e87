"""Processor time by what a process is for: read from ``/proc`` while processes come and go.

A process is looked at ten times a second and counts with what it had taken when it was last seen. What it took after that is
missing there, but not in the sum: that is what the system itself counts for processes that have ended. The difference is
``unseen``.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
EVERY_S = 0.1
#: Part of a command line, and what such a process is for. Any other process is for what its parent is for.
ROLES = {
    "farm.conversion.child": "converter",
    "workers.processes.child": "replay",
    "workers.processes.canary_child": "host",
    "workers.processes.fingerprint": "host",
}
UNSEEN = "unseen"


class Seen(NamedTuple):
    """A process: its own ticks, and those of its children that have ended and were waited for."""

    started: int
    own: int
    ended: int


class Accounting:
    """Counts from entering to leaving.

    Args:
        roots: processes and what they are for; called at each look, as what is looked at may have been started meanwhile.
    """

    def __init__(self, roots: Callable[[], Mapping[int, str]]) -> None:
        self._roots = roots
        self._roles: dict[tuple[int, int], str] = {}
        self._first: dict[tuple[int, int], int] = {}
        self._last: dict[tuple[int, int], int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="accounting", daemon=True)
        self._before = self._whole = 0

    def __enter__(self) -> Accounting:
        self._before = self._look(first=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        # The ticks of a process that has ended meanwhile are its parent's now, so the sums compare.
        self._whole = self._look() - self._before

    def seconds(self, whole_s: float | None = None) -> dict[str, float]:
        """Seconds by role.

        Args:
            whole_s: of all processes together, from whoever waited for the one root; else the roots must still live.
        """
        found: dict[str, float] = {}
        for key, ticks in self._last.items():
            role = self._roles[key]
            found[role] = found.get(role, 0.0) + (ticks - self._first[key]) / TICKS
        whole = self._whole / TICKS if whole_s is None else whole_s
        return {**found, UNSEEN: max(0.0, whole - sum(found.values()))}

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            self._look()

    def _look(self, *, first: bool = False) -> int:
        """See all processes; returns their ticks, and those of their children that have ended."""
        ticks = 0
        waiting = list(self._roots().items())
        while waiting:
            pid, role = waiting.pop()
            if (seen := process(pid)) is None:
                continue
            key = (pid, seen.started)
            if key not in self._roles:
                self._roles[key] = _role(pid, role)
                self._first[key] = seen.own if first else 0
            self._last[key] = seen.own
            ticks += seen.own + seen.ended
            waiting += [(child, self._roles[key]) for child in children(pid)]
        return ticks


def process(pid: int) -> Seen | None:
    """``None`` where there is none any more."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return Seen(int(fields[19]), int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14]))


def children(pid: int) -> Iterator[int]:
    """Of all its threads."""
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                yield from map(int, (task / "children").read_text().split())


def _role(pid: int, otherwise: str) -> str:
    """A process that has just been made has the command line of its parent for a moment."""
    for _ in range(2):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return otherwise
        for word, role in ROLES.items():
            if word.encode() in words:
                return role
        time.sleep(0.002)
    return otherwise
