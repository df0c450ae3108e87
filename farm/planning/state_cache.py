"""States of repositories that were read before, kept in a folder between processes; it can be deleted at any time."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from pathlib import Path

MOST_STATES = 64
MOST_BYTES = 128 << 20
_ABANDONED_S = 3600.0
_KEY = re.compile(r"[0-9a-f]{64}")


class StateCache:
    """One file a state. Processes may share it: a file appears whole or not at all, and the last one that is written stays.

    A folder that cannot be read or written costs time, and nothing else. The states that were not used for longest go when
    there are more than ``most_states``, or more than ``most_bytes`` in all.
    """

    def __init__(self, folder: Path, most_states: int = MOST_STATES, most_bytes: int = MOST_BYTES) -> None:
        self._folder, self._most_states, self._most_bytes = folder, most_states, most_bytes

    def read(self, key: str) -> bytes | None:
        """What was kept under a key; ``None`` where nothing was."""
        path = self._path(key)
        try:
            content = path.read_bytes()
            os.utime(path)  # it was used
        except OSError:
            return None
        return content

    def write(self, key: str, content: bytes) -> None:
        """Keep ``content`` under a key."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                os.replace(name, self._path(key))
            except BaseException:
                os.unlink(name)
                raise
            self._trim()

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is not 64 hexadecimal digits")
        return self._folder / f"{key}.state"

    def _trim(self) -> None:
        now, total = time.time(), 0
        kept: list[tuple[float, int, Path]] = []
        for entry in os.scandir(self._folder):
            with contextlib.suppress(OSError):  # another process may have been quicker
                stat = entry.stat()
                if entry.name.endswith(".state"):
                    kept.append((stat.st_mtime, stat.st_size, Path(entry.path)))
                elif entry.name.endswith(".part") and now - stat.st_mtime > _ABANDONED_S:
                    Path(entry.path).unlink()
        for place, (_, size, path) in enumerate(sorted(kept, reverse=True)):
            total += size
            if place and (place >= self._most_states or total > self._most_bytes):
                with contextlib.suppress(OSError):
                    path.unlink()
