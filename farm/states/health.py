"""The health of a unit, and the only moves between its states; pure.

::

                    infra error, suspicion, unclear check
        ┌──────────────────────────────────────────────────┐
      good ◄──────────── check passed ──────────────── unknown ◄── resumed ── maintenance, bad, retired
        │                                                  │
        └── check failed ──► bad ◄── check failed, suspected on probation ┘
    drained: any but retired ──► maintenance          retired: any ──► retired

Only a passed check makes a unit good, so only after one does it take work. Nothing that lies outside of a unit makes it bad:
from that, no person has to bring it back. A unit in maintenance finishes what it has begun and takes nothing new, which is what
draining one means; it is checked when somebody asks, and stays in maintenance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

#: Attempts that a unit has to end soundly after it was suspected, until it is trusted as before.
PROBATION = 10


class Health(StrEnum):
    """What is thought of a unit."""

    GOOD = "good"
    UNKNOWN = "unknown"
    BAD = "bad"
    MAINTENANCE = "maintenance"
    RETIRED = "retired"

    @property
    def works(self) -> bool:
        """Whether a unit takes attempts."""
        return self is Health.GOOD


class Change(StrEnum):
    """What happens to a unit's health."""

    #: An attempt on it ended in an infrastructure error, or was lost.
    TROUBLED = "troubled"
    #: It fails a bundle that another unit of its stack passes.
    SUSPECTED = "suspected"
    #: An attempt on it said something of the product, and nobody gainsays it.
    SOUND = "sound"
    CHECK_PASSED = "check passed"
    CHECK_FAILED = "check failed"
    #: A check had no answer, or met something that is not the unit's own: the store, the disk, the profile.
    CHECK_UNCLEAR = "check unclear"
    DRAINED = "drained"
    RESUMED = "resumed"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Condition:
    """A unit's health, and how many attempts it has still to end soundly: above 0 it is on probation."""

    health: Health = Health.UNKNOWN
    probation: int = 0


def after(condition: Condition, change: Change) -> Condition:
    """The condition of a unit in which ``change`` happened."""
    health = condition.health
    match change:
        case Change.SOUND:
            return replace(condition, probation=max(0, condition.probation - 1))
        case Change.RETIRED:
            return Condition(Health.RETIRED)
        case Change.DRAINED if health is not Health.RETIRED:
            return replace(condition, health=Health.MAINTENANCE)
        case Change.RESUMED if health in (Health.MAINTENANCE, Health.BAD, Health.RETIRED):
            return Condition(Health.UNKNOWN)
        case Change.SUSPECTED if health in (Health.GOOD, Health.UNKNOWN):
            if condition.probation:
                return Condition(Health.BAD)
            return Condition(Health.UNKNOWN, PROBATION)
        case Change.TROUBLED | Change.CHECK_UNCLEAR if health is Health.GOOD:
            return replace(condition, health=Health.UNKNOWN)
        case Change.CHECK_FAILED if health in (Health.GOOD, Health.UNKNOWN):
            return replace(condition, health=Health.BAD)
        case Change.CHECK_PASSED if health in (Health.UNKNOWN, Health.BAD):
            return replace(condition, health=Health.GOOD)
    return condition
