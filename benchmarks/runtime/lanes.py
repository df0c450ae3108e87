"""How evenly work is shared among threads: ``python -m benchmarks.runtime.lanes``.

Lanes are run one after the other and their processor time taken, so a busy machine does not matter. ``share`` is the time of
the longest lanes and of what is not shared, over the time of all: the least that several threads can take of one's time.
"""

import argparse
import json
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from benchmarks.runtime.subjects import QUICK, Subject, named, ready
from mcore.platform.runtime import Program
from mcore.platform.runtime.planner import PlannedExecutor
from mcore.platform.runtime.step import Lane, Step, Together, walk

SCHEMA = "benchmark-runtime-lanes/1"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runtime.lanes", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two small networks, few runs")
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    parser.add_argument("--network", action="append")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    rows = []
    for subject in named(options.network, QUICK if options.quick else ()):
        rows.append(measured(subject, options.threads, 3 if options.quick else 9))
        if not options.json:
            r = rows[-1]
            print(
                f"{r['network']:16} all {r['all_ms']:7.1f} ms   longest {r['longest_ms']:7.1f} ms   share {r['share']:.2f}"
            )
    if options.json:
        print(json.dumps({"schema": SCHEMA, "rows": rows}, indent=1))


def measured(subject: Subject, threads: int, runs: int) -> dict[str, Any]:
    prepared = ready(subject)
    program = Program(prepared.graph, prepared.weights, prepared.shapes, threads=threads)
    program.run(prepared.inputs)
    executor = program.executor
    assert isinstance(executor, PlannedExecutor)
    with np.errstate(all="ignore"):  # steps count on it
        times = [[timed(step, runs) for step in part.steps] for part in executor.parts]
    everything = sum(sum(lanes) for part in times for lanes in part)
    longest = sum(max(lanes) for part in times for lanes in part)
    return {
        "network": subject.label,
        "threads": threads,
        "share": round(longest / everything, 3),
        "all_ms": round(everything, 2),
        "longest_ms": round(longest, 2),
    }


def timed(step: Step | Together, runs: int) -> list[float]:
    """Median processor time of each lane of a step, in milliseconds."""
    lanes: Sequence[Lane] = step.lanes if isinstance(step, Together) else ((step,),)
    made = []
    for lane in lanes:
        found = []
        for _ in range(runs):
            start = time.thread_time_ns()
            walk(lane)
            found.append((time.thread_time_ns() - start) / 1e6)
        made.append(median(found))
    return made


if __name__ == "__main__":
    main()
