"""Which fault strikes which network, and the outcome and cause that it must lead to; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from workers.faults import CATALOGUE, Fault
from workers.outcome import Cause, Group, Outcome


class Scope(StrEnum):
    """Whose fault it is."""

    NONE = "none"
    STACK = "stack"
    UNIT = "unit"
    STORE = "store"


#: Faults of what brings a bundle to a host, on top of the catalogue of the device's.
STORE_FAULTS = {
    fault.name: fault
    for fault in (
        Fault("truncated_file", "the store's copy of a file ends early", Outcome.INFRA_ERROR, Cause.INFRA),
        Fault("lost_bundle", "the store has nothing of the bundle", Outcome.INFRA_ERROR, Cause.INFRA),
    )
}
SOUND = "sound"
#: Long enough for a child to begin its run on a busy machine.
HANG_S = 15.0
_TIME_S = 120.0
_MEMORY_BYTES = 2 << 30
_HOG_BYTES = 400 << 20


@dataclass(frozen=True, slots=True)
class Injection:
    """One fault (or none) on one network. ``faults`` is what the profile of the simulated device says."""

    fault: str
    scope: Scope
    network: str
    outcome: Outcome
    cause: Cause
    faults: tuple[Mapping[str, Any], ...] = ()
    time_s: float = _TIME_S
    memory_bytes: int = _MEMORY_BYTES

    @property
    def group(self) -> Group:
        """Whose matter the outcome is that it must lead to."""
        return self.outcome.group


def injections(networks: Sequence[str], folder: str, *, unit_networks: int | None = None) -> tuple[Injection, ...]:
    """Every fault on every network, none on each as a control, the slow ones first.

    ``folder`` is where faults that need a file keep it; ``unit_networks`` limits how many networks meet a broken unit.
    """
    made: list[Injection] = []
    for position, network in enumerate(networks):
        made.append(Injection(SOUND, Scope.NONE, network, Outcome.PASS, Cause.UNKNOWN))
        made += [
            Injection(fault.name, Scope.STORE, network, fault.outcome, fault.cause) for fault in STORE_FAULTS.values()
        ]
        for fault in CATALOGUE.values():
            if fault.name not in ("bad_unit", "breaks_down"):  # there is no such fault of a stack
                made.append(_injected(fault, Scope.STACK, network, folder))
            if fault.seen_by_canary and (unit_networks is None or position < unit_networks):
                made.append(_injected(fault, Scope.UNIT, network, folder))
    return tuple(sorted(made, key=lambda injection: injection.time_s != HANG_S))


def _injected(fault: Fault, scope: Scope, network: str, folder: str) -> Injection:
    entry: dict[str, Any] = {"name": fault.name, "unit": scope is Scope.UNIT}
    if fault.name == "breaks_down":
        entry["marker"] = f"{folder}/broken-{network}"
    if fault.name == "flaky" and scope is Scope.UNIT:
        entry["every"] = 2  # a canary runs twice
    outcome, cause = fault.as_one_of_the_unit if scope is Scope.UNIT else (fault.outcome, fault.cause)
    return Injection(
        fault.name,
        scope,
        network,
        outcome,
        cause,
        (entry,),
        HANG_S if fault.endless else _TIME_S,
        _HOG_BYTES if fault.name == "memory_hog" else _MEMORY_BYTES,
    )
