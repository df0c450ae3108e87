"""Calls timed by turns, so that a busy machine slows all of them."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median

import numpy as np

from mcore.platform.figures import figures

#: Largest error of an output relative to its peak, by mode: float32 rounding through a hundred layers stays below.
TOLERANCES = {"default": 2e-4, "exact": 2e-4, "fast": 5e-4}

WARM_UP = 2


def check(network: str, result: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    """Raise ``RuntimeError`` unless a result is right: only what is right is timed."""
    error = figures(result, expected).max_rel_error
    if not error <= tolerance:
        raise RuntimeError(f"{network}: off by {error:.1e} of the peak; it must be right before it is timed")


def by_turns(
    calls: Mapping[str, Callable[[], object]],
    runs: int,
    few: Mapping[str, int] | None = None,
    clock: Callable[[], float] = time.perf_counter,
    pause_s: float = 0.0,
) -> dict[str, float]:
    """Median times in milliseconds, run by run in turn, after two runs each that do not count.

    Calls in ``few`` are run so often only, from the first turn on, and all of their runs count. With ``pause_s``, so many
    seconds and a run that does not count go before each: threads of one library that wait for more work by spinning would take
    a core from the next, and cores that fell asleep are slow to wake.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    few = few or {}
    for turn in range(runs + WARM_UP):
        for name, call in calls.items():
            if turn >= few.get(name, runs + WARM_UP):
                continue
            if pause_s:
                time.sleep(pause_s)
                call()
            start = clock()
            call()
            if turn >= WARM_UP or name in few:
                times[name].append((clock() - start) * 1e3)
    return {name: median(found) for name, found in times.items()}


@contextmanager
def pinned(threads: int) -> Iterator[None]:
    """One thread on one core, where the system can; several are left to the system."""
    if threads > 1 or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
