"""Mutants of the zoo's networks under the fp32 policy, none of which may pass: ``python -m benchmarks.mutations``.

``[--quick] [--json] [--count N] [--seed K] [--policy NAME] [NAME ...]``. Of each architecture some kernels are flipped, some
channels killed, some weights swapped, and each mutant is run and compared with the golden outputs, from the smallest sample on.
Exit code 1 if any passes. One that moves no output of any sample by more than rounding is counted apart, as *without effect*:
its weights lead to nothing that the samples show (behind a ReLU that is 0 everywhere, say), and no tolerance can tell.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # read when NumPy and torch are imported
os.environ["MCORE_BACKEND"] = "torch"

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.mutations.judge import rows_of
from benchmarks.zoo import architectures, bundles
from farm.inventory import load_inventory

SCHEMA = "benchmark-mutations/1"
QUICK = ("SqueezeExcitation", "BasicBlock", "FPN", "network:squeezenet1_1")
INVENTORY = Path(__file__).parents[2] / "inventory.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutations", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="architectures; all by default")
    parser.add_argument("--quick", action="store_true", help=f"just {', '.join(QUICK)}")
    parser.add_argument("--count", type=int, default=3, metavar="N", help="mutants of each kind (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="of what is changed (default: %(default)s)")
    parser.add_argument("--policy", default="fp32", metavar="NAME", help="of inventory.yaml (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="all mutants as JSON on standard output")
    options = parser.parse_args()
    policy = load_inventory(INVENTORY).policy(options.policy)
    rows = []
    for architecture, bundle in bundles(architectures(QUICK if options.quick else options.names)):
        made = rows_of(architecture.key, bundle, policy, options.count, options.seed)
        rows += made
        print(f"{architecture.key}: {summary(made)}", file=sys.stderr, flush=True)
    missed = [row for row in rows if row["passed"]]
    if options.json:
        print(json.dumps({"schema": SCHEMA, "policy": policy.key, **counts(rows), "rows": rows}, indent=1))
    else:
        for row in missed:
            print(f"passed: {row['architecture']}: {row['kind']} of {row['changed']}, margin {row['margin']:.3f}")
        print(f"{policy.key}: {summary(rows)}")
    sys.exit(1 if missed else 0)


def counts(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Mutants, those that were seen, that passed, and that change nothing."""
    return {
        "mutants": len(rows),
        "seen": sum(not row["passed"] and row["effect"] for row in rows),
        "passed": sum(row["passed"] for row in rows),
        "without_effect": sum(not row["effect"] for row in rows),
    }


def summary(rows: Iterable[dict[str, Any]]) -> str:
    """The counts in one line."""
    found = counts(list(rows))
    return (
        f"{found['mutants']} mutants, {found['seen']} seen, {found['passed']} passed, "
        f"{found['without_effect']} without effect"
    )


if __name__ == "__main__":
    main()
