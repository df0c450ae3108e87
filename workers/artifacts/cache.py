"""A host's cache of bundles on its disk, kept within a size.

::

    <cache>/<sha256 of the manifest>/   a bundle: hard links to its files
            .files/<sha256>             every file once, however many bundles have it
            .files/<sha256>.part        a download under way, or broken off
            .<sha256>.<16 hex>.tmp      a bundle that is being put together, or was when its process was killed

A bundle is held by whoever uses it (:mod:`workers.artifacts.held`), a file by whoever is about to link it. What is held is
never removed; of the rest, what was used longest ago goes first.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workers.artifacts.held import alone

DEFAULT_LIMIT_BYTES = 20 << 30
FILES = ".files"
#: Who takes damaged things away does so one after the other.
REPAIR = ".repair"
#: Between making a folder and holding it passes less than this, in seconds.
UNFINISHED_S = 60.0

_BUNDLE = re.compile(r"[0-9a-f]{64}", re.ASCII)
_UNFINISHED = re.compile(r"\.[0-9a-f]{64}\.[0-9a-f]{16}\.(?:tmp|old)", re.ASCII)
_FILE = re.compile(r"[0-9a-f]{64}(?:\.part)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a cache that could be removed; a bundle has no size of its own, its files have it."""

    path: Path
    used: float
    size_bytes: int


def evict(root: Path, *, limit_bytes: int) -> int:
    """Remove what was used longest ago, but nothing that is held, until ``root`` has at most ``limit_bytes``; the bytes freed.

    Bundles that a killed process left half put together, or half removed, go in any case.
    """
    for path in _named(root, _UNFINISHED):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.lstat().st_mtime > UNFINISHED_S:
                remove(path)
    total = before = size_bytes(root)
    for entry in sorted([*bundles(root), *loose_files(root)], key=lambda entry: entry.used):
        if total <= limit_bytes:
            break
        total -= remove(entry.path)
    return before - total


def forget(root: Path, *, files_before: float, bundles_before: float, dry_run: bool = False) -> tuple[int, int]:
    """Remove files that no bundle has, and bundles, last used before these times, unless they are held.

    Returns:
        How many went (or would, with ``dry_run``), and their bytes.
    """
    loose = [entry for entry in loose_files(root) if entry.used < files_before]
    idle = [entry for entry in bundles(root) if entry.used < bundles_before]
    if dry_run:
        alone_in = sum(_own_bytes(entry.path) for entry in idle)
        return len(loose) + len(idle), sum(entry.size_bytes for entry in loose) + alone_in
    before = size_bytes(root)
    for entry in (*loose, *idle):
        remove(entry.path)
    gone = sum(not entry.path.exists() for entry in (*loose, *idle))
    return gone, before - size_bytes(root)


def _own_bytes(bundle: Path) -> int:
    """What of a bundle no other has: a file has one name in it and one among the files."""
    with contextlib.suppress(OSError):
        found = [entry.stat(follow_symlinks=False) for entry in _walk(bundle)]
        return sum(each.st_size for each in found if each.st_nlink == 2)
    return 0


def size_bytes(root: Path) -> int:
    """What the files of a cache take; a file of several bundles counts once."""
    return sum(found.st_size for _, found in _files(root))


def bundles(root: Path) -> Iterator[Entry]:
    """The bundles in a cache."""
    for path in _named(root, _BUNDLE):
        with contextlib.suppress(FileNotFoundError):
            yield Entry(path, path.lstat().st_mtime, 0)


def loose_files(root: Path) -> Iterator[Entry]:
    """The files that no bundle has, and broken-off downloads."""
    for path, found in _files(root):
        if found.st_nlink == 1:
            yield Entry(path, found.st_mtime, found.st_size)


def remove(path: Path) -> int:
    """Remove a bundle with the files that no other has, or a file, unless somebody holds it; the bytes freed.

    A bundle goes under another name first, so that nobody finds half of it.
    """
    try:
        with alone(path, wait=False) as descriptor:
            if descriptor is None:
                return 0
            found = os.fstat(descriptor)
            if not stat.S_ISDIR(found.st_mode):
                path.unlink()
                return found.st_size
            members = {entry.stat(follow_symlinks=False).st_ino for entry in _walk(path)}
            _discard(path)
    except FileNotFoundError:  # another process was quicker
        return 0
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        path.unlink()  # a link, which is nothing of the cache's
        return 0
    files = [(file, found) for file, found in _files(path.parent) if found.st_ino in members and found.st_nlink == 1]
    return sum(remove(file) for file, _ in files)


def take_away(root: Path, path: Path, descriptor: int) -> None:
    """Take a damaged bundle or file away even from those who hold it, if it is still the one of ``descriptor``."""
    with alone(root / REPAIR, os.O_RDWR | os.O_CREAT, wait=True), contextlib.suppress(FileNotFoundError):
        if not os.path.samestat(os.fstat(descriptor), os.lstat(path)):
            return
        if path.parent == root:
            _discard(path)
        else:
            path.unlink()


def _discard(bundle: Path) -> None:
    aside = bundle
    if not _UNFINISHED.fullmatch(bundle.name):
        aside = bundle.with_name(f".{bundle.name}.{secrets.token_hex(8)}.old")
        os.rename(bundle, aside)
    if aside.is_dir() and not aside.is_symlink():
        shutil.rmtree(aside, ignore_errors=True)  # what is left is tried again by the next eviction
    else:
        aside.unlink()


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path))
            else:
                yield entry


def _files(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in _named(root / FILES, _FILE):
        with contextlib.suppress(FileNotFoundError):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode):
                yield path, found


def _named(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        return [folder / entry.name for entry in entries if pattern.fullmatch(entry.name)]
    return []
