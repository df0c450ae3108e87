"""The stages of a submission, how far each is, and how long it will take, by :mod:`farm.planning.cost`; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from farm.planning.cost import CONVERSION, Speeds


@dataclass(frozen=True, slots=True)
class Work:
    """One conversion or job that is under way: who is at it (empty where nobody has said so), and for how long, in seconds."""

    architecture: str
    unit: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Rest:
    """How long it will take: ``unknown`` pieces of work are not in ``seconds``, since no such thing was ever done, or they wait
    for more than their turn.
    """

    seconds: float = 0.0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """Conversion, or one device type.

    Args:
        name: of the device type, or :data:`~farm.planning.cost.CONVERSION`.
        queued: keys of the architectures that wait.
        under_way: what is worked on.
        done: how many pieces of work are at their end.
        failed: how many of these are conversions that came to nothing.
        at_once: on how many pieces it can work at the same time.
        waits: why those wait that do; empty where there is nothing in the way.
    """

    name: str
    queued: tuple[str, ...] = ()
    under_way: tuple[Work, ...] = ()
    done: int = 0
    failed: int = 0
    at_once: int = 1
    waits: str = ""

    @property
    def left(self) -> int:
        return len(self.queued) + len(self.under_way)

    @property
    def total(self) -> int:
        return self.left + self.done


@dataclass(frozen=True, slots=True)
class Progress:
    """A submission at one moment; ``repeats`` is how many conversions are still to be repeated."""

    conversion: Stage
    devices: tuple[Stage, ...]
    repeats: int = 0

    @property
    def stages(self) -> tuple[Stage, ...]:
        return (self.conversion, *self.devices)


def rests(progress: Progress, speeds: Speeds) -> Mapping[str, Rest]:
    """How long each stage will take by itself, by its name; of a device type with what is yet to be converted for it."""
    to_convert = (*progress.conversion.queued, *(work.architecture for work in progress.conversion.under_way))
    return {
        stage.name: _rest(stage, speeds, () if stage.name == CONVERSION else to_convert) for stage in progress.stages
    }


def whole(found: Mapping[str, Rest]) -> Rest:
    """How long all of it will take: as long as the slowest stage, since all work beside one another."""
    return Rest(
        max((rest.seconds for rest in found.values()), default=0.0), sum(rest.unknown for rest in found.values())
    )


def _rest(stage: Stage, speeds: Speeds, to_come: Iterable[str]) -> Rest:
    waiting = [None if stage.waits else speeds.of(stage.name, key).seconds for key in (*stage.queued, *to_come)]
    begun = [(speeds.of(stage.name, work.architecture).seconds, work.seconds) for work in stage.under_way]
    # One that takes longer than it ever did may end at any moment.
    left = [None if expected is None else max(expected - spent, 0.0) for expected, spent in begun]
    known = [seconds for seconds in (*waiting, *left) if seconds is not None]
    longest = max(known, default=0.0)  # no number of units makes one piece of work shorter
    return Rest(max(sum(known) / stage.at_once, longest), len(waiting) + len(left) - len(known))
