"""Checking a unit of this machine without giving it work: its stack, and whether the canary lives on it.

In a child process, as an attempt is: a driver brings its device's library along, which may print, hang or crash.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.codec import MAX_TEXT, CodecError, decode
from workers.processes.asking import ask

#: ``-P``: what lies in the folder that the child starts in is never imported.
COMMAND = (sys.executable, "-P", "-m", "workers.processes.canary_child")
#: Seconds for a canary in a process of its own, its start included; well within what a lease leaves on top of the limit.
CANARY_S = 60.0


@dataclass(frozen=True, slots=True)
class Question:
    """How the unit is driven, as in ``inventory.yaml``."""

    driver: str
    profile: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checkup:
    """What is wrong with a unit, in one line, ``""`` where it lives; and its stack, as far as it told it.

    ``outside`` says that it is nothing of the unit's own: its profile, or what the host lacks for its driver.
    """

    failure: str
    stack: dict[str, str] = field(default_factory=dict)
    outside: bool = False


def check_unit(driver: str, profile: Mapping[str, Any], time_s: float = CANARY_S) -> Checkup:
    """Run the canary on this machine's unit of a driver and profile; every way in which that ends is an answer."""
    told, ending = ask(COMMAND, Question(driver, dict(profile)), time_s=time_s)
    try:
        checkup: Checkup = decode(told, Checkup)
    except CodecError as error:
        how = f"is not done after {time_s:g} s" if ending.timed_out else f"ends with code {ending.code}"
        return Checkup(f"the canary tells nonsense: {error}"[:MAX_TEXT] if told else f"the canary {how}")
    return checkup
