"""Putting a whole folder in place: it is there complete, or not at all."""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def staging_folder(target: Path) -> Path:
    """A new, empty, hidden folder beside ``target``, from where :func:`place` moves it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.parent / f".{target.name}.{secrets.token_hex(8)}.tmp"
    folder.mkdir()
    return folder


def write_files(folder: Path, files: Iterable[tuple[str, bytes | memoryview]]) -> None:
    """Write ``files`` (relative name, content) into ``folder`` and wait until they are on the disk, the folder too."""
    for name, data in files:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        with open(path, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    for path in (*(p for p in folder.iterdir() if p.is_dir()), folder):
        sync_folder(path)


def place(staging: Path, target: Path, *, overwrite: bool = False) -> None:
    """Move ``staging`` to ``target`` in one step.

    With ``overwrite``, an existing folder is exchanged for the new one and then removed; where the system cannot exchange two
    folders (not Linux, or an old file system), it is moved aside first, and a crash just then leaves it under a hidden name.

    Raises:
        FileExistsError: ``target`` exists, and ``overwrite`` is false.
    """
    there = os.path.lexists(target)  # looked at once: in the meantime another process may make it, or take it away
    if there and not overwrite:
        raise FileExistsError(f"{target} exists already; pass overwrite=True to replace it")
    if not there:
        try:
            os.rename(staging, target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            raise FileExistsError(f"{target} was made by someone else at the same moment") from None
    elif not _exchange(staging, target):
        aside = staging.with_suffix(".old")
        os.rename(target, aside)
        os.rename(staging, target)
        shutil.rmtree(aside)
    sync_folder(target.parent)
    shutil.rmtree(staging, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Wait until the entries of ``folder`` are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exchange(a: Path, b: Path) -> bool:
    """Swap two folders in one step, as renameat2(2) does; ``False`` where that does not exist."""
    if sys.platform != "linux":
        return False
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # a C library without the call (musl)
        return False
    if renameat2(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS):
        return False
    raise OSError(code, os.strerror(code), str(b))
