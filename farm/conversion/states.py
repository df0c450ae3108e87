"""States of a conversion: ``queued → running → done | failed``; only a new submission queues it again."""

from __future__ import annotations

from enum import StrEnum


class ConversionState(StrEnum):
    """Where a conversion stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def open(self) -> bool:
        """Whether it has not come to its end."""
        return self in (ConversionState.QUEUED, ConversionState.RUNNING)
