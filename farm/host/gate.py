"""Whether a unit takes attempts: kept in a file, so that a host that starts again, and the process below it, know it too.

What the coordinator said last stands until it says otherwise; a unit that was never told anything takes what there is.
"""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

#: In the cache folder of a host.
FOLDER = ".units"


@functools.cache
def place(cache: Path, device_type: str, unit: str) -> Path:
    """What is kept of a unit on its host, less the ending; a host asks for it with each attempt."""
    return cache / FOLDER / hashlib.sha256(f"{device_type}\0{unit}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a unit was told: see :class:`farm.protocol.ControlMessage`. ``attended`` says whether it was told anything ever."""

    accept: bool = True
    reason: str = ""
    at_once: int | None = None
    attended: bool = False


class Gate:
    """The standing of one unit of a device type, in the cache folder of its host."""

    def __init__(self, cache: Path, device_type: str, unit: str) -> None:
        self._path = place(cache, device_type, unit).with_suffix(".json")

    def read(self) -> Standing:
        """What was written last. A file that somebody else spoilt counts as none: the coordinator sees it and says it again."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Standing)
        except (FileNotFoundError, msgspec.DecodeError):
            return Standing()

    def write(self, standing: Standing) -> None:
        """Keep ``standing``; raises ``OSError`` where the disk does not take it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        made = self._path.with_suffix(f".{os.getpid()}")
        made.write_bytes(msgspec.json.encode(standing))
        made.replace(self._path)

    def close(self, reason: str) -> None:
        """Take no attempts any more, for a reason of the host's own."""
        self.write(replace(self.read(), accept=False, reason=reason))
