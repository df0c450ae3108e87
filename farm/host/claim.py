"""One worker for a unit: of two on one machine, each would take what the other is told, so the second one does not start."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from farm.errors import UsageError
from farm.host.gate import place


def claim(cache: Path, device_type: str, unit: str) -> None:
    """Hold a unit for as long as this process lives, however it ends.

    A cache folder that cannot be used keeps no worker from starting: its checks say so, and it takes no attempts.

    Raises:
        UsageError: another process holds it, that has the same cache folder.
    """
    lock = place(cache, device_type, unit).with_suffix(".lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        return
    try:
        # Of the process, not of the descriptor: what it forks and leaves behind does not hold it.
        fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(held, 32, 0).decode("ascii", "replace").strip()
        raise UsageError(
            f"FARM_UNIT: process {holder} of this machine is unit {unit!r} of device type {device_type!r} already: "
            "give this one a name of its own, or end that one"
        ) from None
    except OSError:  # a file system without locks
        return
    os.ftruncate(held, 0)
    os.pwrite(held, str(os.getpid()).encode(), 0)
