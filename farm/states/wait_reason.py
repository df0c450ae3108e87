"""Why a job waits that no unit has begun yet; pure: facts about its device type in, one reason out.

The reason is the first thing in the way, in the order in which they are to be mended: while no coordinator runs it is of no use
to know that all units are busy. Whoever watches the units (heartbeats, drains, health) says what is known of each in a
:class:`Unit`; whoever asks puts the rest beside it in :class:`Situation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class BrokerState(StrEnum):
    """How the coordinator found the broker when it last had something to send."""

    USABLE = "usable"
    FULL = "full"
    UNREACHABLE = "unreachable"


class WaitReason(StrEnum):
    """Why a job waits, what is to be mended first first."""

    NO_SUCH_DEVICE = "no such device"
    NO_COORDINATOR = "no coordinator"
    BROKER_UNREACHABLE = "broker unreachable"
    BROKER_FULL = "broker full"
    ALL_OFFLINE = "all offline"
    ALL_UNHEALTHY = "all unhealthy"
    DRAINING = "draining"
    BUSY = "busy"
    #: Nothing is in the way: the coordinator sends it, or a unit takes it up, at the next look.
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Unit:
    """What is known of one unit that belongs to the farm (none that is retired) at the moment of the question.

    ``online``: it was heard of within the time of three heartbeats. ``healthy``: its health lets it take a job, so not while it
    is bad, in maintenance, or has a check to pass first. ``draining``: it takes no new attempts. ``busy``: it has an attempt
    begun. ``note`` says why it takes none, in words: ``offline since 2026-01-01 10:02Z``.
    """

    name: str
    online: bool
    healthy: bool = True
    draining: bool = False
    busy: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that bears on a job waiting for one device type.

    ``configured``: the inventory has the device type. ``coordinated``: a coordinator was heard of lately; ``broker`` is what it
    says. ``units`` are those of the type that were ever heard of; ``full``: as many attempts are under way as may be.
    """

    configured: bool
    coordinated: bool
    broker: BrokerState = BrokerState.USABLE
    units: tuple[Unit, ...] = ()
    full: bool = False


def wait_reason(situation: Situation) -> WaitReason:
    """Why a job waits, queued or on the wire, that no unit has begun."""
    before_units = (
        (not situation.configured, WaitReason.NO_SUCH_DEVICE),
        (not situation.coordinated, WaitReason.NO_COORDINATOR),
        (situation.broker is BrokerState.UNREACHABLE, WaitReason.BROKER_UNREACHABLE),
        (situation.broker is BrokerState.FULL, WaitReason.BROKER_FULL),
    )
    for hinders, reason in before_units:
        if hinders:
            return reason
    online = [unit for unit in situation.units if unit.online]
    healthy = [unit for unit in online if unit.healthy]
    willing = [unit for unit in healthy if not unit.draining]
    for left, reason in (
        (online, WaitReason.ALL_OFFLINE),
        (healthy, WaitReason.ALL_UNHEALTHY),
        (willing, WaitReason.DRAINING),
    ):
        if not left:
            return reason
    busy = situation.full or all(unit.busy for unit in willing)
    return WaitReason.BUSY if busy else WaitReason.DUE


def notes(units: Sequence[Unit]) -> str:
    """What keeps each unit from taking a job, in one line; empty where nobody has said anything."""
    return "; ".join(f"{unit.name}: {unit.note}" for unit in units if unit.note)
