"""Keeping a host's cache of bundles within its size: what was used longest ago goes first."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from pathlib import Path

DEFAULT_LIMIT_BYTES = 20 << 30

#: A bundle asked for within this time may still be read by a running attempt, in seconds; longer than any attempt's hard limit.
IN_USE_S = 6 * 3600.0


def evict(root: Path, *, keep: Path, limit_bytes: int, in_use_s: float) -> None:
    """Remove bundles from ``root``, the least recently used first, until the rest has at most ``limit_bytes``.

    ``keep`` and bundles used in the last ``in_use_s`` seconds stay, even beyond the limit. What a killed process left half
    fetched or half removed goes when it is as old.
    """
    now = time.time()
    idle = {folder: now - used for folder in root.iterdir() if (used := _last_used(folder)) is not None}
    for folder, age in idle.items():
        if folder.suffix in (".tmp", ".old") and age > in_use_s:
            shutil.rmtree(folder, ignore_errors=True)
    bundles = {folder: _size(folder) for folder in idle if not folder.name.startswith(".")}
    total = sum(bundles.values())
    for folder in sorted(bundles, key=lambda f: idle[f], reverse=True):
        if total <= limit_bytes:
            return
        if folder != keep and idle[folder] >= in_use_s:
            discard(folder)
            total -= bundles[folder]


def discard(folder: Path) -> None:
    """Remove a bundle so that nobody finds half of it: it first goes under another name."""
    aside = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.old")
    with contextlib.suppress(FileNotFoundError):
        os.rename(folder, aside)
        shutil.rmtree(aside)


def _last_used(folder: Path) -> float | None:
    try:
        return folder.stat().st_mtime if folder.name != ".locks" else None
    except FileNotFoundError:  # another process removed it
        return None


def _size(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total
