"""What the children of the other benchmarks run: one process, one measurement, one line of JSON on standard output.

It imports nothing before its clock starts, and torch only where torch is what is measured.
"""

import time

STARTED = time.perf_counter()

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

os.environ["OPENBLAS_NUM_THREADS"] = "1"


def main() -> None:
    task, *arguments = sys.argv[1:]
    print(json.dumps(TASKS[task](*arguments)))


def ours(folder: str, side: str, mode: str) -> dict[str, float]:
    """Import, load a bundle, plan and run it once."""
    import numpy as np

    from mcore.platform.format import read_bundle
    from mcore.platform.runtime import Model

    start = resident()
    bundle = read_bundle(folder)
    (name,) = bundle.graph.inputs
    model = Model(bundle.graph, bundle.weights, mode=mode)
    model.run({name: np.zeros((1, 3, int(side), int(side)), np.float32)})
    return {"ms": elapsed(), "cpu_ms": processor(), "start_mib": start, "peak_mib": peak()}


def torch_eager(file: str, side: str) -> dict[str, float]:
    """Import, load a pickled module and run it once."""
    import torch

    torch.set_num_threads(1)
    import models.networks  # noqa: F401  (its classes are what the file names)

    start = resident()
    model = torch.load(file, weights_only=False)
    with torch.inference_mode():
        model(torch.zeros(1, 3, int(side), int(side)))
    return {"ms": elapsed(), "cpu_ms": processor(), "start_mib": start, "peak_mib": peak()}


def elapsed() -> float:
    return (time.perf_counter() - STARTED) * 1e3


def processor() -> float:
    """Processor time of the whole process, the interpreter's own start included."""
    return time.process_time() * 1e3


def peak() -> float:
    return status("VmHWM:")


def resident() -> float:
    return status("VmRSS:")


def status(key: str) -> float:
    """A figure of this process, in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


TASKS = {"ours": ours, "torch": torch_eager}

if __name__ == "__main__":
    main()
