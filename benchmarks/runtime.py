"""How quick the planned NumPy runtime is beside torch eager: whole networks, batch 1, float32, one thread.

``python -m benchmarks.runtime [--quick] [--json]``. Both run in one process by turns, so that a busy machine slows both; times
are medians. Weights are calibrated, and a result that is not torch's is an error, not a time.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported
os.environ["MCORE_BACKEND"] = "torch"

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from statistics import median

import numpy as np
import torch

import models.networks as networks
from mcore.convert.calibrate import calibrate
from mcore.convert.capture import capture
from mcore.platform.figures import figures
from mcore.platform.runtime import Program
from mcore.platform.runtime.blas import current

SCHEMA = "benchmark-runtime/1"
PEER = "torch eager"

#: Largest error of an output relative to its peak; float32 rounding through fifty layers stays below.
TOLERANCE = 2e-4


@dataclass(frozen=True, slots=True)
class Case:
    network: str
    side: int
    make: Callable[[], torch.nn.Module]


@dataclass(frozen=True, slots=True)
class Row:
    network: str
    peer: str
    threads: int
    ratio: float
    ours_ms: float
    peer_ms: float


CASES = (
    Case("resnet18", 224, lambda: networks.resnet18()),
    Case("resnet50", 224, lambda: networks.resnet50()),
    Case("seresnet50", 224, lambda: networks.seresnet50()),
    Case("mobilenetv2", 224, lambda: networks.mobilenetv2()),
    Case("unet32", 128, lambda: networks.UNet(width=32)),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runtime", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the two smallest networks, few runs")
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cases, runs = (CASES[::3], 7) if options.quick else (CASES, 25)
    rows = []
    for row in measured(cases, runs):
        rows.append(row)
        if not options.json:
            print(
                f"{row.network:16} {row.ours_ms:8.1f} ms   {PEER} {row.peer_ms:8.1f} ms   ratio {row.ratio:.2f}",
                flush=True,
            )
    print(
        json.dumps({"schema": SCHEMA, "rows": [asdict(row) for row in rows]}, indent=1)
        if options.json
        else f"BLAS core: {current().core or 'unknown'}"
    )


def measured(cases: tuple[Case, ...], runs: int) -> Iterator[Row]:
    """A row for each case; raises ``RuntimeError`` where our result is wrong."""
    for case in cases:
        model = case.make().eval()
        calibrate(model, model.sampling, case.network)
        captured = capture(model, model.sampling)
        (name,) = captured.graph.inputs
        x = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 3, case.side, case.side)).astype(np.float32))
        inputs = {name: x.numpy()}
        program = Program(captured.graph, captured.weights, {name: tuple(x.shape)})
        with torch.inference_mode():
            check(case, next(iter(program.run(inputs).values())), model(x).numpy())
            ours, peer = by_turns(lambda p=program, i=inputs: p.run(i), lambda m=model, x=x: m(x), runs)
        yield Row(f"{case.network}@{case.side}", PEER, 1, round(ours / peer, 3), round(ours, 3), round(peer, 3))


def check(case: Case, result: np.ndarray, expected: np.ndarray) -> None:
    error = figures(result, expected).max_rel_error
    if not error <= TOLERANCE:
        raise RuntimeError(
            f"{case.network}: the runtime is off by {error:.1e} of the peak; it must be right before it is timed"
        )


def by_turns(first: Callable[[], object], second: Callable[[], object], runs: int) -> tuple[float, float]:
    """Median times in milliseconds, run by run in turn, after two runs each that do not count."""
    times: tuple[list[float], list[float]] = ([], [])
    for count in range(runs + 2):
        for function, found in zip((first, second), times, strict=True):
            start = time.perf_counter()
            function()
            if count >= 2:
                found.append((time.perf_counter() - start) * 1e3)
    return median(times[0]), median(times[1])


if __name__ == "__main__":
    main()
