"""Folders for work of one kind below the machine's temporary folder, and those that killed processes left."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workers.artifacts.held import alone, held

#: Between making a folder and holding it passes less than this, in seconds.
YOUNG_S = 60.0


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Folders of processes that are no more."""

    folders: int = 0
    size_bytes: int = 0


class Scratch:
    """Folders whose names begin with ``prefix``, which nobody else's do."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A new folder that is held, so that it can be told from a left one, until the block ends; then it is gone."""
        made = tempfile.TemporaryDirectory(prefix=self.prefix, ignore_cleanup_errors=True)
        with made as name, held(Path(name)):
            yield Path(name)

    def remove_leftovers(self, *, dry_run: bool = False) -> Leftovers:
        """Remove the folders that nobody holds, or with ``dry_run`` count them. Other users' are left alone."""
        found = Leftovers()
        for folder in Path(tempfile.gettempdir()).glob(f"{self.prefix}*"):
            with contextlib.suppress(OSError):
                status = folder.lstat()
                if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
                    continue
                if time.time() - status.st_mtime < YOUNG_S:
                    continue
                with alone(folder, wait=False) as descriptor:
                    if descriptor is None:
                        continue
                    found = Leftovers(found.folders + 1, found.size_bytes + _size(folder))
                    if not dry_run:
                        shutil.rmtree(folder, ignore_errors=True)
        return found


def _size(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total
