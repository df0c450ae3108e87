"""A process of an ordinary user, and whether a child can read the environment of its parent: root reads everything."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

ORDINARY = 65534
_PR_SET_DUMPABLE = 4


def as_ordinary_user(body: Callable[[], bool]) -> bool:
    """Whether ``body`` said so, and raised nothing, in a forked process of an ordinary user that hides nothing yet."""
    process = os.fork()
    if process == 0:
        code = 2
        try:
            if os.geteuid() == 0:
                os.setuid(ORDINARY)
            # A change of user hides it already, and so does a parent that does.
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
            code = 0 if body() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def child_reads_environment() -> bool:
    """Whether a forked child of this process can read its environment."""
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            Path(f"/proc/{parent}/environ").read_bytes()
        except PermissionError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
