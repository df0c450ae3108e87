"""The zoo on one device of this machine, without a farm around it: what it lacks, what passes, by how much.

    python -m benchmarks.devices openvino --policy fp32 --count 40
    python -m benchmarks.devices openvino --profile '{"precision": "bfloat16"}' --policy bf16 --names network:resnet18

Architectures come in a fixed order that mixes the families; each is a line of JSON, the last one sums them up.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.zoo import architectures, bundles
from farm.inventory import load_inventory
from mcore.platform.bundle import Bundle
from workers.driver import Driver
from workers.drivers import make_driver
from workers.outcome import Outcome
from workers.policy import Policy
from workers.replay import replay

INVENTORY = Path(__file__).parents[1] / "inventory.yaml"


def row_of(name: str, driver: Driver, bundle: Bundle, policy: Policy) -> dict[str, Any]:
    """What became of one architecture; ``asking_s`` is how long the driver took to say what it lacks."""
    started = time.perf_counter()
    for graph in bundle.graphs:
        driver.unsupported(graph)
    asking_s = time.perf_counter() - started
    replayed = replay(driver, bundle, policy, lambda message: None, measure=False)
    margins = [error.margin for case in replayed.cases for error in case.tensors if error.margin is not None]
    return {
        "architecture": name,
        "outcome": replayed.finding.outcome.value,
        "message": replayed.finding.message,
        "unsupported": list(replayed.unsupported),
        "margin": min(margins, default=None),
        "asking_s": round(asking_s, 2),
    }


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many had each outcome, the pass with the smallest margin, and the longest question."""
    passed = [row for row in rows if row["outcome"] == Outcome.PASS.value]
    tightest = min(passed, key=lambda row: row["margin"], default=None)
    return {
        "architectures": len(rows),
        "outcomes": dict(Counter(row["outcome"] for row in rows)),
        "smallest_margin": tightest and {key: tightest[key] for key in ("architecture", "margin")},
        "asking_s": max((row["asking_s"] for row in rows), default=0.0),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.devices", description=__doc__.splitlines()[0])
    parser.add_argument("driver", help="name of a driver")
    parser.add_argument("--profile", type=json.loads, default={}, help="its profile, as JSON")
    parser.add_argument("--policy", default="fp32", help="name of a policy of inventory.yaml")
    parser.add_argument("--names", nargs="*", default=(), help="these architectures alone")
    parser.add_argument("--count", type=int, help="the first so many of them")
    options = parser.parse_args(arguments)
    policy = load_inventory(INVENTORY).policy(options.policy)
    driver = make_driver(options.driver, options.profile)
    rows = []
    for architecture, bundle in bundles(architectures(options.names)[: options.count]):
        rows.append(row_of(architecture.key, driver, bundle, policy))
        print(json.dumps(rows[-1]), flush=True)
    print(json.dumps(summary(rows)))


if __name__ == "__main__":
    main()
