"""The reference of the file protocol: a binary that computes by the Platform's own runtime.

``python -m workers.reference_command FOLDER``; see :mod:`workers.exchange`. A vendor's binary does the same by other means.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec
import numpy as np

import mcore.platform.ops  # noqa: F401  (fills the registry)
from mcore.platform.errors import PlatformError
from mcore.platform.format import graph_from_bytes, tensors_from_bytes, tensors_to_bytes
from mcore.platform.runtime import Program
from workers.codec import one_line
from workers.exchange import REQUEST, RESULT, SCHEMA, ExchangeError, Request, Result, read_request


def main(folder: Path) -> None:
    """Answer the request in ``folder``."""
    request = read_request((folder / REQUEST).read_bytes())
    try:
        result = answer(folder, request)
    except MemoryError as error:
        result = Result(SCHEMA, "out_of_memory", message=f"{error}")
    except PlatformError as error:
        result = Result(SCHEMA, "rejected", message=one_line(error))
    (folder / RESULT).write_bytes(msgspec.json.encode(result))


def answer(folder: Path, request: Request) -> Result:
    """What the request asks for."""
    match request.action:
        case "describe":
            return Result(SCHEMA, "ok", fingerprint={"runtime": "mcore.platform", "numpy": np.__version__})
        case "check":
            graph_from_bytes((folder / request.graph).read_bytes())  # refuses an op that there is not
            return Result(SCHEMA, "ok", lacking=[])
        case "run":
            return run(folder, request)


def run(folder: Path, request: Request) -> Result:
    """Compute the outputs and write them."""
    graph = graph_from_bytes((folder / request.graph).read_bytes())
    weights = tensors_from_bytes((folder / request.weights).read_bytes(), file=request.weights).tensors
    inputs = tensors_from_bytes((folder / request.inputs).read_bytes(), file=request.inputs).tensors
    needed = {name: weights[name] for name in graph.weights}
    program = Program(graph, needed, {name: array.shape for name, array in inputs.items()})
    started = time.perf_counter()
    outputs = program.run(inputs)
    run_ms = (time.perf_counter() - started) * 1000
    (folder / request.outputs).write_bytes(tensors_to_bytes(outputs, file=request.outputs))
    return Result(SCHEMA, "ok", run_ms=run_ms, accelerated=len(graph.nodes))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m workers.reference_command FOLDER")
    try:
        main(Path(sys.argv[1]))
    except (ExchangeError, OSError) as error:
        sys.exit(f"{error}")
