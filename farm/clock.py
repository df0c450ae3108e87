"""The farm's clock: the only one that leases, verdicts and events are timed by. What a host's own says counts for nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """The time now."""
    return datetime.now(UTC)


class Clock:
    """The time as a coordinator reads it; a simulation has one of its own."""

    def now(self) -> datetime:
        """:func:`utc_now`."""
        return utc_now()

    def monotonic(self) -> float:
        """Seconds since some moment, which never go back."""
        return time.monotonic()


CLOCK = Clock()
