"""Mutants of the zoo's networks under a policy, none of which may pass: ``python -m benchmarks.mutations``.

``[--quick] [--json] [--count N] [--seed K] [--policy NAME] [--results DIR] [--write] [NAME ...]``. Of each architecture some
kernels are flipped, some channels killed, some weights swapped, and each mutant is run and compared with the golden outputs,
from the smallest sample on. Exit code 1 if any passes. One that moves no output of any sample by more than rounding is counted
apart, as *without effect*: its weights lead to nothing that the samples show (behind a ReLU that is 0 everywhere, say), and no
tolerance can tell.

Under a policy that judges layers, each layer that reads a changed weight is run alone on golden inputs instead.

``--results`` is a folder with a file for each policy. What that has already is not run again, so a run can be broken off and
gone on with. ``--write`` puts all that the folder has into ``docs/comparison.md``.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # read when NumPy and torch are imported
os.environ["MCORE_BACKEND"] = "torch"

import argparse
import json
import sys
from pathlib import Path

from benchmarks.mutations.document import Record, counts, read_all, rows_in, summary, write
from benchmarks.mutations.judge import rows_of
from benchmarks.tolerances.derive import read_rows
from benchmarks.zoo import architectures, bundles
from farm.inventory import load_inventory

SCHEMA = "benchmark-mutations/1"
QUICK = ("SqueezeExcitation", "BasicBlock", "FPN", "network:squeezenet1_1")
INVENTORY = Path(__file__).parents[2] / "inventory.yaml"


def main() -> None:
    parser = _parser()
    options = parser.parse_args()
    if options.write and not options.results:
        parser.error("--write needs --results DIR")
    policy = load_inventory(INVENTORY).policy(options.policy)
    file = None
    if options.results:
        options.results.mkdir(parents=True, exist_ok=True)
        file = options.results / f"{policy.name}.jsonl"
    records: list[Record] = read_rows(file) if file else []
    for record in records:
        _same(record, policy.key, options.count, options.seed, file)
    done = {record["architecture"] for record in records}
    chosen = [a for a in architectures(QUICK if options.quick else options.names) if a.key not in done]
    for architecture, bundle in bundles(chosen):
        made = rows_of(bundle, policy, options.count, options.seed)
        drawn = {"policy": policy.key, "count": options.count, "seed": options.seed}
        records.append({"architecture": architecture.key, **drawn, "mutants": made})
        print(f"{architecture.key}: {summary(made)}", file=sys.stderr, flush=True)
        if file:
            with file.open("a") as results:
                results.write(json.dumps(records[-1]) + "\n")
    if options.write:
        write(read_all(options.results), [a.key for a in architectures()])
    rows = rows_in(records)
    missed = [row for row in rows if row["passed"]]
    if options.json:
        print(json.dumps({"schema": SCHEMA, "policy": policy.key, **counts(rows), "rows": rows}, indent=1))
    else:
        for row in missed:
            print(f"passed: {row['architecture']}: {row['kind']} of {row['changed']}, margin {row['margin']:.3f}")
        print(f"{policy.key}: {summary(rows)}")
    sys.exit(1 if missed else 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutations", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="architectures; all by default")
    parser.add_argument("--quick", action="store_true", help=f"just {', '.join(QUICK)}")
    parser.add_argument("--count", type=int, default=3, metavar="N", help="mutants of each kind (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="of what is changed (default: %(default)s)")
    parser.add_argument("--policy", default="fp32", metavar="NAME", help="of inventory.yaml (default: %(default)s)")
    parser.add_argument("--results", type=Path, metavar="DIR", help="a file for each policy (default: none is kept)")
    parser.add_argument("--write", action="store_true", help="write what is in --results into docs/comparison.md")
    parser.add_argument("--json", action="store_true", help="all mutants as JSON on standard output")
    return parser


def _same(record: Record, policy: str, count: int, seed: int, file: Path | None) -> None:
    """One file holds mutants that were drawn and judged alike; raises ``SystemExit`` with what to do."""
    if (record["policy"], record["count"], record["seed"]) != (policy, count, seed):
        raise SystemExit(
            f"{file}: {record['architecture']} was run with --policy {record['policy']} --count {record['count']} "
            f"--seed {record['seed']}, not {policy}, {count}, {seed}: name another folder"
        )


if __name__ == "__main__":
    main()
