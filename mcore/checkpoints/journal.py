"""Which checkpoints are being written or removed: an empty, locked file for each, so that what a killed process left is seen.

The metadata file is what makes a checkpoint exist; rows and weights follow it. Whoever is about to move one of them enters the
checkpoint here first. A process that dies loses its locks, and whoever opens the store next settles what it left: rows and
weights are made to agree with the metadata file that is there, or is not.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mcore.checkpoints.errors import StoreUnavailableError
from mcore.platform.format.atomic import sync_folder


class Journal:
    """The folder of entries; one is named by the checkpoint, and holds the path of its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def entered(self, id: str, home: str) -> Iterator[None]:
        """Have an entry for as long as the body runs; it stays, unlocked, where the body raises or the process dies."""
        path = self._folder / id
        try:
            descriptor = self._locked(path)
            try:
                os.pwrite(descriptor, home.encode(), 0)
                os.fsync(descriptor)
                sync_folder(self._folder)
                yield
                path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StoreUnavailableError(f"{path}: cannot be written: {error.strerror}") from None

    def under_way(self) -> set[str]:
        """Ids of all entries: what has none and no metadata file is nobody's."""
        return {path.name for path in self._folder.iterdir()} if self._folder.is_dir() else set()

    def settle(self, settled: Callable[[str, str], None]) -> int:
        """Call ``settled`` with id and folder of every entry that no process holds any more, and end it; says how many.

        An entry that somebody else settles at the same moment is left to them.
        """
        found = 0
        for path in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not _is(path, descriptor):
                    continue
                home = os.pread(descriptor, 4096, 0).decode()
                if home:  # else it was entered and nothing done yet
                    settled(path.name, home)
                path.unlink(missing_ok=True)
                found += 1
            except BlockingIOError:
                continue
            finally:
                os.close(descriptor)
        return found

    def _locked(self, path: Path) -> int:
        """An open entry that is ours alone: one that was settled between opening and locking is made again."""
        self._folder.mkdir(parents=True, exist_ok=True)
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is(path, descriptor):
                return descriptor
            os.close(descriptor)


def _is(path: Path, descriptor: int) -> bool:
    """Whether the open file still is the one under its name."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
