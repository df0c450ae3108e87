"""How often the first divergent layer is the one that was struck: a fault at a random layer of a random network.

``python -m benchmarks.localise [--trials N] [--seed K] [--nodes N] [--json]``. The networks are those of the selftest, with
branches, skips, pools and products; the fault strikes one value, of any op, on the simulated device. A trial is *right*
where that very node is named and called the origin. A fault that no output shows beyond the policy is drawn again: there is
no mismatch to explain.
"""

import argparse
import json
import time
from collections import Counter
from statistics import median
from typing import Any

import numpy as np

from farm.selftest.grading import POLICY
from farm.selftest.networks import Network, drawn
from workers.drivers.numpy import NumpyDriver
from workers.judging.compare import compare_outputs
from workers.judging.localise import first_divergent_layer
from workers.outcome import Outcome
from workers.profiles.strikes import STRIKES, strikable

SCHEMA = "benchmark-localise/1"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.localise", description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--nodes", type=int, default=40, help="operations of a network, about")
    parser.add_argument("--json", action="store_true", help="all trials as JSON on standard output")
    options = parser.parse_args()
    rows = trials(options.trials, options.seed, options.nodes)
    right = sum(row["right"] for row in rows)
    if options.json:
        print(json.dumps({"schema": SCHEMA, "trials": len(rows), "right": right, "rows": rows}, indent=1))
        return
    for fault, count in sorted(Counter(row["fault"] for row in rows).items()):
        good = sum(row["right"] for row in rows if row["fault"] == fault)
        print(f"{fault:20} {good:4} of {count}")
    for row in rows:
        if not row["right"]:
            print(f"  seed {row['network']}: {row['fault']} at {row['struck']} ({row['op']}), named {row['named']}")
    print(f"right {right} of {len(rows)}; {median(row['seconds'] for row in rows) * 1e3:.0f} ms a search (median)")


def trials(count: int, seed: int, nodes: int) -> list[dict[str, Any]]:
    """``count`` trials that have a mismatch."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    while len(rows) < count:
        network = drawn(int(random.integers(1 << 30)), nodes=nodes)
        value = str(random.choice(strikable(network.graph)))
        if row := _trial(network, str(random.choice(list(STRIKES))), value):
            rows.append(row)
    return rows


def _trial(network: Network, fault: str, value: str) -> dict[str, Any] | None:
    """What is named where ``fault`` strikes ``value``; ``None`` where the outputs of the sample pass."""
    driver, bundle, sample = (
        NumpyDriver({"faults": [{"name": fault, "value": value}]}),
        network.bundle(),
        network.samples[0],
    )
    outputs = driver.load(bundle).run(sample.inputs)
    if compare_outputs(outputs, sample.outputs, POLICY).outcome is Outcome.PASS:
        return None
    started = time.perf_counter()
    found = first_divergent_layer(driver, bundle, sample, POLICY)
    return {
        "network": network.name,
        "fault": fault,
        "struck": value,
        "op": next(node.op for node in network.graph.nodes if value in node.outputs),
        "named": found and found.value,
        "introduced_here": found and found.introduced_here,
        "right": bool(found and found.value == value and found.introduced_here),
        "seconds": round(time.perf_counter() - started, 4),
    }


if __name__ == "__main__":
    main()
