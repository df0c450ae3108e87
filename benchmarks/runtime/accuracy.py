"""Error to a float64 run of torch, beside the error of torch in float32: ``python -m benchmarks.runtime.accuracy``.

The signal-to-noise ratio over all outputs, in dB; ``lost_db`` is how much of torch's the runtime loses.
"""

import argparse
import copy
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.runtime.subjects import QUICK, Subject, named, ready
from mcore.platform.figures import figures
from mcore.platform.runtime import Program

SCHEMA = "benchmark-runtime-accuracy/1"
MODES = ("default", "fast", "exact")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runtime.accuracy", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two small networks")
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    parser.add_argument("--network", action="append")
    options = parser.parse_args()
    rows = []
    for subject in named(options.network, QUICK if options.quick else ()):
        for r in measured(subject):
            rows.append(r)
            if not options.json:
                print(
                    f"{r['network']:16} {r['mode']:8} {r['ours_db']:6.1f} dB   torch {r['peer_db']:6.1f} dB   "
                    f"lost {r['lost_db']:5.1f} dB   largest error {r['max_rel_error']:.1e} of the peak",
                    flush=True,
                )
    if options.json:
        print(json.dumps({"schema": SCHEMA, "rows": rows}, indent=1))


def measured(subject: Subject) -> Iterator[dict[str, Any]]:
    prepared = ready(subject)
    with torch.inference_mode():
        exact = flat(copy.deepcopy(prepared.model).double()(prepared.x.double()))
        peer = figures(flat(prepared.model(prepared.x)), exact)
    for mode in MODES:
        outputs = Program(prepared.graph, prepared.weights, prepared.shapes, mode).run(prepared.inputs)
        ours = figures(np.concatenate([array.reshape(-1) for array in outputs.values()]), exact)
        yield {
            "network": subject.label,
            "mode": mode,
            "ours_db": round(ours.sqnr_db, 2),
            "peer_db": round(peer.sqnr_db, 2),
            "lost_db": round(peer.sqnr_db - ours.sqnr_db, 2),
            "max_rel_error": float(f"{ours.max_rel_error:.2e}"),
        }


def flat(output: object) -> np.ndarray:
    """All outputs end to end, in the order in which the graph names them."""
    if isinstance(output, torch.Tensor):
        return output.numpy().reshape(-1)
    return np.concatenate([flat(part) for part in (output.values() if isinstance(output, dict) else output)])


if __name__ == "__main__":
    main()
