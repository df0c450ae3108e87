"""A fresh process that loads, plans and runs a network once, beside torch's: ``python -m benchmarks.runtime.cold_start``.

Medians of several processes. The clock of ``ms`` starts with the first line of Python; ``cpu_ms`` is all processor time of the
process, the interpreter's start included.
"""

import argparse
import json
from statistics import median
from typing import Any

from benchmarks.runtime.children import stored
from benchmarks.runtime.subjects import Subject, named

SCHEMA = "benchmark-runtime-cold-start/1"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runtime.cold_start", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three processes instead of nine")
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    parser.add_argument("--network", action="append")
    options = parser.parse_args()
    rows = []
    for subject in named(options.network, ("resnet50",)):
        rows.append(measured(subject, 3 if options.quick else 9))
        if not options.json:
            r = rows[-1]
            print(
                f"{r['network']:16} {r['ours_ms']:7.0f} ms ({r['ours_cpu_ms']:.0f} of processor)   "
                f"torch {r['peer_ms']:7.0f} ms   ratio {r['ratio']:.2f}",
                flush=True,
            )
    if options.json:
        print(json.dumps({"schema": SCHEMA, "rows": rows}, indent=1))


def measured(subject: Subject, runs: int) -> dict[str, Any]:
    with stored(subject) as files:
        pairs = [(files.ours(), files.torch()) for _ in range(runs)]
    ours, peer = (median(pair[i]["ms"] for pair in pairs) for i in range(2))
    return {
        "network": subject.label,
        "peer": "torch eager",
        "ratio": round(ours / peer, 3),
        "ours_ms": round(ours, 1),
        "peer_ms": round(peer, 1),
        "ours_cpu_ms": round(median(pair[0]["cpu_ms"] for pair in pairs), 1),
        "peer_cpu_ms": round(median(pair[1]["cpu_ms"] for pair in pairs), 1),
    }


if __name__ == "__main__":
    main()
