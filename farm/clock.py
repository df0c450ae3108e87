"""The farm's clock: the only one that leases, verdicts and events are timed by. What a host's own says counts for nothing."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The time now."""
    return datetime.now(UTC)
