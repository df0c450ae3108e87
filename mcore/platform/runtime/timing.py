"""Where the time of a planned program goes: by operation, over several runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

from mcore.platform.errors import BackendError
from mcore.platform.runtime.planner import Part, PlannedExecutor
from mcore.platform.runtime.program import Program
from mcore.platform.runtime.step import alone, walk


@dataclass(frozen=True, slots=True)
class Timing:
    """Median processor time of one operation: ``ops`` are the head and what is fused after it, ``form`` what computes them."""

    label: str
    ops: str
    form: str
    ms: float


def timings(program: Program, inputs: Mapping[str, np.ndarray], runs: int = 10) -> list[Timing]:
    """A timing for each operation, in the order in which they run.

    Raises:
        BackendError: the program is not planned.
    """
    executor = program.executor
    if not isinstance(executor, PlannedExecutor):
        raise BackendError(f"a program in {program.mode} mode has no plan to time")
    program.run(inputs)
    parts = [list(alone(part.steps)) for part in executor.parts]
    spent: list[list[float]] = [[] for _ in executor.parts]
    with np.errstate(all="ignore"):
        for _ in range(runs):
            for steps, times in zip(parts, spent, strict=True):
                start = time.process_time()
                walk(steps)
                times.append((time.process_time() - start) * 1e3)
    return [_timing(part, median(times)) for part, times in zip(executor.parts, spent, strict=True)]


def _timing(part: Part, ms: float) -> Timing:
    head, form = part.group.head, part.operation
    if form == "Plain":
        form = f"Plain {head.op}"
    stages = "".join("+" + getattr(stage, "op", type(stage).__name__.lower()) for stage in part.group.stages)
    return Timing(head.label, head.op + stages, form, ms)
