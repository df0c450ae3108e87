"""How quick the planned NumPy runtime is beside torch, ONNX Runtime and ONNX's own reference: batch 1, float32.

``python -m benchmarks.runtime [--quick] [--json]``. All run in one process by turns, so that a busy machine slows all; times
are medians. Weights are calibrated, and a result that is not torch's is an error, not a time.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version

import numpy as np
import torch

from benchmarks.runtime.peers import EAGER, ONNXRUNTIME, PEERS, REFERENCE, SLOW_RUNS, Peers
from benchmarks.runtime.subjects import QUICK, SUBJECTS, Ready, named, ready
from benchmarks.runtime.table import markdown
from benchmarks.runtime.timing import TOLERANCES, by_turns, check, pinned
from mcore.platform.runtime import Program
from mcore.platform.runtime.blas import current

SCHEMA = "benchmark-runtime/1"
MODES = ("default", "fast")

#: What caps OpenBLAS, oneDNN, torch's own kernels and MKL. ONNX Runtime has no such switch.
AVX2 = {
    "OPENBLAS_CORETYPE": "Haswell",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}


@dataclass(frozen=True, slots=True)
class Row:
    network: str
    peer: str
    threads: int
    ratio: float
    ours_ms: float
    peer_ms: float
    mode: str


#: Seconds after which the threads of OpenMP have given up spinning.
SPINNING_S = 0.4


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runtime", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two small networks against torch eager, few runs")
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    parser.add_argument("--markdown", action="store_true", help="rows as a table of the documentation")
    parser.add_argument("--network", action="append", choices=[subject.name for subject in SUBJECTS])
    parser.add_argument("--peer", action="append", choices=PEERS)
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--threads", action="append", type=int, choices=(1, 2))
    parser.add_argument("--runs", type=int, help="timed turns, 25 by default")
    parser.add_argument("--cpu", action="store_true", help="processor time of one thread, for a machine that is busy")
    parser.add_argument("--avx2", action="store_true", help="without AVX-512, neither for us nor for torch")
    options = parser.parse_args()
    if options.avx2 and any(os.environ.get(name) != value for name, value in AVX2.items()):
        command = [sys.executable, "-m", "benchmarks.runtime", *sys.argv[1:]]  # libraries look when they are loaded
        raise SystemExit(subprocess.run(command, env=os.environ | AVX2).returncode)
    threads = options.threads or ([1] if options.quick or options.cpu else [1, 2])
    if options.cpu and threads != [1]:
        parser.error("processor time tells nothing of several threads")
    rows = []
    for subject in named(options.network, QUICK if options.quick else ()):
        for row in measured(
            ready(subject),
            options.peer or ([EAGER] if options.quick else PEERS),
            options.mode or (MODES[:1] if options.quick else MODES),
            sorted(threads),
            options.runs or (7 if options.quick else 25),
            time.process_time if options.cpu else time.perf_counter,
        ):
            rows.append(row)
            if not (options.json or options.markdown):
                print(line(row), flush=True)
    plain = [asdict(row) for row in rows]
    machine = versions(options.peer or ([EAGER] if options.quick else PEERS))
    if options.json:
        print(json.dumps({"schema": SCHEMA, "machine": machine, "rows": plain}, indent=1))
    elif options.markdown:
        print(markdown(plain, machine))
    else:
        print(", ".join(f"{key} {value}" for key, value in machine.items()))


def versions(peers: Sequence[str]) -> dict[str, str]:
    """The processor, and what took part."""
    made = {
        "processor": processor(),
        "blas": current().core or "unknown",
        "numpy": np.__version__,
        "torch": torch.__version__,
    }
    packages = {ONNXRUNTIME: "onnxruntime", REFERENCE: "onnx"}
    return made | {packages[peer]: version(packages[peer]) for peer in peers if peer in packages}


def line(row: Row) -> str:
    return (
        f"{row.network:16} {row.threads} {row.mode:8} {row.ours_ms:8.1f} ms   "
        f"{row.peer:20} {row.peer_ms:8.1f} ms   ratio {row.ratio:.3f}"
    )


def measured(
    subject: Ready,
    peers: Sequence[str],
    modes: Sequence[str],
    threads: Sequence[int],
    runs: int,
    clock: Callable[[], float],
) -> Iterator[Row]:
    """Rows of one network; raises ``RuntimeError`` where a result is wrong."""
    others = Peers(subject)
    for count in threads:
        torch.set_num_threads(count)
        with torch.inference_mode(), pinned(count):
            programs = {
                mode: Program(subject.graph, subject.weights, subject.shapes, mode, threads=count) for mode in modes
            }
            # The reference evaluator has no threads of its own: it calls NumPy.
            calls = {peer: others.call(peer, count) for peer in peers if count == 1 or peer not in SLOW_RUNS}
            expected = others.call(EAGER, count)()
            for mode, program in programs.items():
                result = next(iter(program.run(subject.inputs).values()))
                check(f"{subject.subject.name} ({mode})", result, expected, TOLERANCES[mode])
            for peer in calls:
                if peer not in SLOW_RUNS:
                    check(f"{subject.subject.name} ({peer})", calls[peer](), expected, TOLERANCES["default"])
            ours = {mode: lambda p=program: p.run(subject.inputs) for mode, program in programs.items()}
            times = by_turns(ours | calls, runs, SLOW_RUNS, clock, SPINNING_S if count > 1 else 0.0)
        for peer in calls:
            for mode in modes:
                a, b = times[mode], times[peer]
                label = subject.subject.label
                yield Row(label, peer, count, round(a / b, 4), round(a, 3), round(b, 3), mode)


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(text.partition(":")[2].strip() for text in file if text.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
