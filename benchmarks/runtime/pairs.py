"""Two cases at once, a thread of one process each, beside one after the other: ``python -m benchmarks.runtime.pairs``.

``gain`` is the throughput of two at once over that of one.
"""

import argparse
import json
import threading
from collections.abc import Callable
from typing import Any

from benchmarks.runtime.subjects import QUICK, Subject, named, ready
from benchmarks.runtime.timing import by_turns
from mcore.platform.runtime import Program

SCHEMA = "benchmark-runtime-pairs/1"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runtime.pairs", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two small networks, few runs")
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    parser.add_argument("--network", action="append")
    options = parser.parse_args()
    rows = []
    default = QUICK if options.quick else ("resnet18", "resnet50", "mobilenetv2", "unet32")
    for subject in named(options.network, default):
        rows.append(measured(subject, 5 if options.quick else 15))
        if not options.json:
            r = rows[-1]
            print(
                f"{r['network']:16} one {r['one_ms']:7.1f} ms   two at once {r['two_ms']:7.1f} ms   gain {r['gain']:.2f}"
            )
    if options.json:
        print(json.dumps({"schema": SCHEMA, "rows": rows}, indent=1))


def measured(subject: Subject, runs: int) -> dict[str, Any]:
    prepared = ready(subject)
    first, second = (Program(prepared.graph, prepared.weights, prepared.shapes) for _ in range(2))
    times = by_turns(
        {
            "one": lambda: first.run(prepared.inputs),
            "two": lambda: at_once(lambda: first.run(prepared.inputs), lambda: second.run(prepared.inputs)),
        },
        runs,
    )
    return {
        "network": subject.label,
        "gain": round(2 * times["one"] / times["two"], 3),
        "one_ms": round(times["one"], 2),
        "two_ms": round(times["two"], 2),
    }


def at_once(first: Callable[[], object], second: Callable[[], object]) -> None:
    thread = threading.Thread(target=second)
    thread.start()
    first()
    thread.join()


if __name__ == "__main__":
    main()
