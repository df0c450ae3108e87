"""What every child process of a device host does first."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def prepare() -> None:
    """Tell where this process crashes, and never outlive its parent."""
    faulthandler.enable()
    _die_with_parent()


def _die_with_parent() -> None:
    """A host process that is killed must not leave a child behind that holds the device."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
