"""Peak memory of a process that loads and runs a network once, beside torch's: ``python -m benchmarks.runtime.memory``.

``ratio`` compares the peaks of whole processes; ``beyond_imports_ratio`` what each takes after its imports, so that the size of
torch's libraries does not count for us.
"""

import argparse
import json
from typing import Any

from benchmarks.runtime.children import stored
from benchmarks.runtime.subjects import QUICK, Subject, named

SCHEMA = "benchmark-runtime-memory/1"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runtime.memory", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two small networks")
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    parser.add_argument("--network", action="append")
    options = parser.parse_args()
    default = QUICK if options.quick else ()
    rows = []
    for subject in named(options.network, default):
        rows.append(measured(subject))
        if not options.json:
            r = rows[-1]
            print(
                f"{r['network']:16} {r['ours_mib']:7.0f} MiB   torch {r['peer_mib']:7.0f} MiB   ratio {r['ratio']:.2f}   "
                f"beyond imports {r['beyond_imports_ratio']:.2f}",
                flush=True,
            )
    if options.json:
        print(json.dumps({"schema": SCHEMA, "rows": rows}, indent=1))


def measured(subject: Subject) -> dict[str, Any]:
    with stored(subject) as files:
        ours, peer = files.ours(), files.torch()
    mine, other = (found["peak_mib"] - found["start_mib"] for found in (ours, peer))
    return {
        "network": subject.label,
        "peer": "torch eager",
        "ratio": round(ours["peak_mib"] / peer["peak_mib"], 3),
        "ours_mib": round(ours["peak_mib"], 1),
        "peer_mib": round(peer["peak_mib"], 1),
        "beyond_imports_ratio": round(mine / other, 3),
    }


if __name__ == "__main__":
    main()
