"""Two hosts that report as one unit: heartbeats come from several machines in turns. Pure.

Each takes what the other is told and checked for, so a person has to give them names of their own. A unit that moves to another
machine is heard there after it was heard last where it was before, and never again there: that is no such thing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import Any

#: Machines of one unit that are kept: who has many hosts with one name learns of some of them.
MOST = 8

#: By machine: when it was heard first, when last, and until when it counts as there (s since 1970).
Machines = Mapping[str, Sequence[float]]


def with_heartbeat(machines: Machines, machine: str, now: datetime, lasts_s: float) -> dict[str, Any]:
    """What is known of the machines of a unit after a heartbeat from one of them, which counts for ``lasts_s`` seconds."""
    at = now.timestamp()
    there = _there(machines, at)
    first = there.pop(machine)[0] if machine in there else at
    newest = sorted(there.items(), key=lambda item: item[1][1])[1 - MOST :]
    return {**dict(newest), machine: [first, at, at + lasts_s]}


def _there(machines: Machines, at: float) -> dict[str, Sequence[float]]:
    return {name: times for name, times in machines.items() if times[2] >= at}


def at_once(machines: Machines, now: datetime) -> tuple[str, ...]:
    """Machines that report as one unit at the same time, by name; none where there is one, or it has moved."""
    there = _there(machines, now.timestamp())
    overlapping = {
        name
        for one, other in combinations(there, 2)
        if there[one][0] < there[other][1] and there[other][0] < there[one][1]
        for name in (one, other)
    }
    return tuple(sorted(overlapping))


def doubled(machines: Machines, now: datetime) -> str:
    """What is to be said of a unit that several machines report as; empty where one does."""
    names = at_once(machines, now)
    return f"{' and '.join(names)} report as one unit: give each a FARM_UNIT of its own" if names else ""
