"""Errors of float32, fp16, bf16 and int8 over the zoo, and the policies that follow: ``python -m benchmarks.tolerances``.

``[--quick] [--json] [--limit N] [--results FILE] [--write] [NAME ...]``. Architectures that ``--results`` has already are not
measured again, so a run can be broken off and gone on with. ``--quick`` measures a few small ones into no file. ``--write``
puts the table and the derived policies into ``docs/comparison.md``.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # read when NumPy and torch are imported
os.environ["MCORE_BACKEND"] = "torch"

import argparse
import json
import sys
from pathlib import Path

from benchmarks.tolerances.derive import derived, read_rows
from benchmarks.tolerances.document import table, write
from benchmarks.tolerances.measure import measured
from benchmarks.zoo import architectures, bundles

SCHEMA = "benchmark-tolerances/1"
RESULTS = Path(__file__).with_name("results.jsonl")
QUICK = ("SqueezeExcitation", "BasicBlock", "FPN")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tolerances", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="architectures; all by default")
    parser.add_argument("--quick", action="store_true", help=f"just {', '.join(QUICK)}")
    parser.add_argument("--limit", type=int, metavar="N", help="measure N more at most")
    parser.add_argument("--results", type=Path, default=RESULTS, help="rows, one a line (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="write the table into docs/comparison.md")
    parser.add_argument("--json", action="store_true", help="rows and policies as JSON on standard output")
    options = parser.parse_args()
    keys = [a.key for a in architectures()]
    rows = [] if options.quick else read_rows(options.results)
    done = {row["architecture"] for row in rows}
    chosen = [a for a in architectures(QUICK if options.quick else options.names) if a.key not in done]
    for architecture, bundle in bundles(chosen[: options.limit]):
        row = measured(architecture.key, bundle)
        rows.append(row)
        print(architecture.key, row["outputs"]["default"], row["layers"]["bf16"], file=sys.stderr, flush=True)
        if not options.quick:
            with options.results.open("a") as results:
                results.write(json.dumps(row) + "\n")
    if options.write:
        write(rows, keys)
    if options.json:
        print(json.dumps({"schema": SCHEMA, "policies": derived(rows), "rows": rows}, indent=1))
    else:
        print(table(rows, keys))


if __name__ == "__main__":
    main()
