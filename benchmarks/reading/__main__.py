"""How quickly the table is read: ``python -m benchmarks.reading [--results N] [--json] [--document]``. Needs the dev extra.

500 architectures on 20 device types, and as many commits as ``--results`` case results take (100 for a million). Timed is what
`farm status`, `farm table` and `farm diff` read and make of it, and the page of the table, down to its HTML. On SQLite and on
PostgreSQL. ``cpu_ms`` is what this process takes of a processor: on a machine that is busy with other things, trust that (of
PostgreSQL it is the half that is not the server's). Another process has filled the databases, and PostgreSQL has vacuumed its
tables, as it does by itself a while after. ``--document`` writes the figures into ``docs/table.md`` too.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from benchmarks.reading.document import DOCUMENT, replaced
from benchmarks.reading.fill import RESULTS_OF_A_COMMIT, fill_settled, inventory
from benchmarks.reading.measure import Reading, measure
from farm.database.engine import Database
from tests.farm.databases import on_server
from tests.servers import own_postgresql

SCHEMA = "benchmark-reading/1"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reading", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=int, default=1_000_000, help="number of case results (default: 1,000,000)")
    parser.add_argument("--quick", action="store_true", help="40,000 results, three rounds")
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    parser.add_argument("--document", action="store_true", help="write the figures into docs/table.md")
    options = parser.parse_args()
    if options.results < 1:
        parser.error("--results wants one or more")
    results, rounds = (4 * RESULTS_OF_A_COMMIT, 3) if options.quick else (options.results, 7)
    rows = []
    for row in measured(results, rounds):
        rows.append(row)
        if not options.json:
            print(f"{row.query:30} {row.database:10} {row.median_ms:7.1f} ms   {row.cpu_ms:7.1f} ms cpu", flush=True)
    if options.json:
        print(json.dumps({"schema": SCHEMA, "rows": [asdict(row) for row in rows]}, indent=1))
    if options.document:
        DOCUMENT.write_text(replaced(DOCUMENT.read_text(encoding="utf-8"), rows), encoding="utf-8")
    return 0


def measured(results: int, rounds: int) -> Iterator[Reading]:
    """Rows, as they come."""
    with tempfile.TemporaryDirectory(prefix="reading-") as folder:
        yield from _of(f"sqlite:///{Path(folder) / 'farm.sqlite'}", results, rounds)
    with own_postgresql() as server, on_server(server.get_uri(), "template1") as url:
        yield from _of(url, results, rounds)


def _of(url: str, results: int, rounds: int) -> Iterator[Reading]:
    database = Database(url)
    print(f"filling a {database.engine.dialect.name} database", file=sys.stderr)
    # Whoever reads has not handled millions of rows before.
    with ProcessPoolExecutor(1, get_context("spawn")) as another:
        filled = another.submit(fill_settled, url, results).result()
    with tempfile.TemporaryDirectory(prefix="reading-") as folder:
        yield from measure(database, inventory(), filled, Path(folder), rounds)
    database.close()


if __name__ == "__main__":
    sys.exit(main())
