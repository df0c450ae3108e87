"""States of a conversion: ``queued → running → done | failed | cancelled``, or ``queued → superseded``.

Only a new submission of its commit queues it again.
"""

from __future__ import annotations

from enum import StrEnum


class ConversionState(StrEnum):
    """Where a conversion stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"

    @property
    def open(self) -> bool:
        """Whether it has not come to its end."""
        return self in OPEN_CONVERSIONS


OPEN_CONVERSIONS = (ConversionState.QUEUED, ConversionState.RUNNING)
#: Nothing is wanted of these any more: what a converter makes of one that it had begun is dropped.
DROPPED_CONVERSIONS = (ConversionState.CANCELLED, ConversionState.SUPERSEDED)
