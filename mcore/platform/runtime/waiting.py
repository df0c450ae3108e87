"""How processes that run lanes wait for each other: awake for a while, then asleep; and on processors of their own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress

#: How often a wait looks again at once before it lets others have the processor between its looks.
LOOKS = 50

#: Seconds of a wait after which it sleeps: some times what it takes to be woken, and longer than most of what is not shared.
AWAKE_S = 2e-3

#: Seconds between two looks that tell of another who has had the processor: the one that is waited for, perhaps.
AWAY_S = 50e-6

#: Seconds that tell of one who has taken all that is given at a time.
SLICE_S = 300e-6

#: Seconds for which waits sleep when there is one.
CROWDED_S = 50e-3

#: Seconds of sleep after which a wait makes sure that the other process still lives.
PATIENCE_S = 10e-3


class Wait:
    """Acquires semaphores: within a microsecond if they are released soon, without keeping a processor from others if not.

    A wait looks again and again, and lets others have the processor between its looks. If somebody else wants it, a look may
    come a time slice late, while one that sleeps is woken at once: for some time, waits then sleep.
    """

    def __init__(self, away: Callable[[], object] = int) -> None:
        """``away`` is called when somebody else has had the processor."""
        self._away, self._crowded_until = away, 0.0

    def __call__(self, acquire: Callable[..., bool], check: Callable[[], None]) -> None:
        """Wait; ``check`` may raise where there is nothing to wait for any more."""
        for _ in range(LOOKS):
            if acquire(False):
                return
        now = time.monotonic()
        until = now + AWAKE_S if now > self._crowded_until else 0.0
        while now < until:
            if acquire(False):
                return
            os.sched_yield()
            before, now = now, time.monotonic()
            if now - before > AWAY_S:
                self._away()
            if now - before > SLICE_S:
                self._crowded_until = now + CROWDED_S
                break
        while not acquire(True, PATIENCE_S):
            check()


class Apart:
    """Keeps this process off the processor of ``thread``, which it works for, in process ``owner``.

    Who is woken often starts where it was woken from. The system leaves two that wait for each other by turns where they are.
    """

    def __init__(self, owner: int) -> None:
        self.thread, self._owner = owner, owner

    def keep(self) -> None:
        """Move to another processor if both are on one, where there is another and the system tells."""
        with suppress(OSError):
            here = _processor(f"/proc/{self._owner}/task/{self.thread}/stat")
            allowed = os.sched_getaffinity(0)
            if here == _processor("/proc/self/stat") and allowed - {here}:
                os.sched_setaffinity(0, allowed - {here})
                os.sched_setaffinity(0, allowed)


def _processor(path: str) -> int:
    """Where a task runs or ran last, by its ``stat`` file."""
    file = os.open(path, os.O_RDONLY)
    try:
        return int(os.read(file, 4096).rpartition(b")")[2].split()[36])
    finally:
        os.close(file)
