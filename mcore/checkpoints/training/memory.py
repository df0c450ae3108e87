"""The most memory that a piece of work took: on CUDA what torch had there, else the whole process."""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import torch

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class PeakMemory:
    """Measures its body; ``bytes`` is known afterwards, or ``None`` where the system does not tell.

    The process's peak is set back by writing 5 to ``/proc/self/clear_refs`` (proc(5)); where that is not allowed it is the
    peak since the process began, which says nothing of the body, so nothing is told.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.of: Literal["cuda", "process"] | None = "cuda" if device.type == "cuda" else "process"
        self.bytes: int | None = None
        self._known = True

    def __enter__(self) -> Self:
        if self.of == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        else:
            try:
                _CLEAR.write_text("5")
            except OSError:
                self._known, self.of = False, None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.of == "cuda":
            self.bytes = torch.cuda.max_memory_allocated(self.device)
        elif self._known:
            found = re.search(r"^VmHWM:\s+(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
            self.bytes = 1024 * int(found[1]) if found else None
