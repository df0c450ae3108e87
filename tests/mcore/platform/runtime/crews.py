"""Crews by hand, for tests: lanes write to memory that the test reads."""

import os
from collections.abc import Callable

import numpy as np

from mcore.platform.runtime.crew import Crew
from mcore.platform.runtime.memory import Arena
from mcore.platform.runtime.step import Step, Together

#: Seconds within which anything here happens, however busy the machine is.
LIMIT_S = 60


def cells() -> np.ndarray:
    """Integers that processes share, all 0."""
    return Arena(1024, shared=True).array(0, (64,), np.dtype(np.int64))


def step(call: Callable[[], object]) -> Step:
    return Step(lambda out: call(), (), None)


def add(array: np.ndarray, place: int, value: int) -> Step:
    return Step(np.add, (array[place : place + 1], value), array[place : place + 1])


def two(own: Step, other: Step) -> Crew:
    """A crew of two, with a lane of one step each."""
    return Crew([Together(((own,), (other,)))], 2)


def run(crew: Crew) -> None:
    crew.run(lambda: None)


def files() -> set[str]:
    """The descriptors of this process."""
    return set(os.listdir("/proc/self/fd"))
