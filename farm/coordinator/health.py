"""The health of a unit, and the only moves between its states; pure.

A unit in maintenance finishes what it has begun and takes no new attempt: that is what draining one means.
"""

from __future__ import annotations

from enum import StrEnum


class Health(StrEnum):
    """What is thought of a unit."""

    GOOD = "good"
    MAINTENANCE = "maintenance"

    @property
    def works(self) -> bool:
        """Whether a unit takes attempts."""
        return self is Health.GOOD


class Change(StrEnum):
    """What happens to a unit's health."""

    DRAINED = "drained"
    RESUMED = "resumed"


_MOVES = {Change.DRAINED: Health.MAINTENANCE, Change.RESUMED: Health.GOOD}


def after(health: Health, change: Change) -> Health:
    """The health of a unit in which ``change`` happened."""
    return _MOVES[change]
