"""What is expected of an architecture on a device type that has not run it: a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """The chance that it passes, as far as ``evidence`` graphs that the device type ran tell.

    ``blocking`` are its traits that likely do not work there, the worst first, each with the chance that it does; one at least
    where the graph likely fails. ``new`` are those that none of these graphs had; of an op that is new, the op alone. See
    :mod:`farm.prediction.traits`.
    """

    chance: float
    blocking: tuple[tuple[str, float], ...]
    new: tuple[str, ...]
    evidence: int
