"""The environment of a child process that runs model code or a device's own: an allow-list, so that no credential leaks."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Mapping
from pathlib import Path

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "XDG_CACHE_HOME", "PYTHONPATH")
_KEPT_PREFIXES = ("OPENBLAS_", "CUDA_", "NVIDIA_")
_PR_SET_DUMPABLE = 4
#: The folder that this very package lies in.
_ROOT = Path(__file__).resolve().parents[2]
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def child_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a child process gets: the kept names of this process, one thread for every BLAS, and ``more``.

    The farm scales by processes: two threads in one BLAS are slower at the tail than one, where a neighbour is busy.
    """
    kept = {k: v for k, v in os.environ.items() if k in _KEPT or k.startswith(_KEPT_PREFIXES)}
    return {**kept, **dict.fromkeys(_ONE_THREAD, "1"), "PYTHONHASHSEED": "0", **(more or {})}


def worker_environment() -> dict[str, str]:
    """What a child process of this very package gets: it finds the package, however its parent found it."""
    environment = child_environment()
    path = [str(_ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": ":".join(path)}


def hide_environment() -> None:
    """Keep this process's environment and memory from others of its user: a child's code could read ``/proc/<parent>/environ``.

    Linux alone has this. A child that executes a program starts readable again; one that is merely forked does not. Root, and
    who may trace any process, are not kept out.
    """
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
