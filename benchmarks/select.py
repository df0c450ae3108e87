"""How quick selection is beside merely parsing what it reads: every architecture of this repository, cold and warm.

``python -m benchmarks.select [--quick] [--json]``. The peer is ``ast.parse`` of the same files, the least that
a selector by definition must do; *warm* shares the index of a first run. Times are medians of processor time, by turns.
"""

import argparse
import ast
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from farm.git import Repository
from farm.source.catalogue import Catalogue, discover
from farm.source.closure import compute_closures
from farm.source.names import Cache

SCHEMA = "benchmark-select/1"
PEER = "ast.parse"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.select", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three runs instead of eleven")
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    options = parser.parse_args()
    rows = measured(3 if options.quick else 11)
    if options.json:
        print(json.dumps({"schema": SCHEMA, "rows": rows}, indent=1))
        return
    for row in rows:
        print(f"{row['run']:5} {row['ours_ms']:8.1f} ms   {PEER} {row['peer_ms']:8.1f} ms   ratio {row['ratio']:.1f}")


def measured(runs: int) -> list[dict[str, Any]]:
    """A row for a cold and one for a warm selection, taken by turns with the peer."""
    repository, catalogue = Repository.find(Path(__file__).parent), Catalogue()
    shared: Cache = {}
    count = _select(repository, catalogue, shared)
    times: dict[str, list[float]] = {"cold": [], "warm": [], "peer": []}
    for _ in range(runs):
        times["cold"].append(_timed(lambda: _select(repository, catalogue, {})))
        times["warm"].append(_timed(lambda: _select(repository, catalogue, shared)))
        times["peer"].append(_timed(lambda: _parse(repository, catalogue)))
    peer = median(times["peer"])
    return [
        {
            "architectures": count,
            "peer": PEER,
            "run": run,
            "ratio": round(median(times[run]) / peer, 2),
            "ours_ms": round(median(times[run]), 2),
            "peer_ms": round(peer, 2),
        }
        for run in ("cold", "warm")
    ]


def _select(repository: Repository, catalogue: Catalogue, cache: Cache) -> int:
    tree = repository.tree("HEAD")
    found = discover(tree, catalogue, cache=cache)
    return len(compute_closures(tree, found.architectures, catalogue, cache=cache))


def _parse(repository: Repository, catalogue: Catalogue) -> None:
    tree = repository.tree("HEAD")
    for path in tree.paths():
        if path.split("/")[0] in catalogue.packages and path.endswith(".py"):
            ast.parse(tree.read(path))


def _timed(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return (time.process_time() - started) * 1e3


if __name__ == "__main__":
    main()
