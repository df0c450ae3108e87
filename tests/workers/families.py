"""What tests need to know of the processes that a process started."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def wait_for(what: Callable[[], Any], time_s: float = 20) -> Any:
    """The first true value of ``what``, or its last one when the time is over."""
    deadline = time.monotonic() + time_s
    while not (found := what()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def is_gone(pid: int) -> bool:
    """Whether a process has ended, if nobody has asked how it did yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
