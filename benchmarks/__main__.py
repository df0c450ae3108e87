"""All benchmarks, one after the other: ``python -m benchmarks [--quick [TOPIC ...]] [--only TOPIC ...] [--output DIR]``.

Writes ``results.json``, ``tables.md`` and a chart for each table into DIR. What is there already, measured on this machine
and commit, is not measured again. A topic that fails does not keep the others from being measured. Exit code 1 if one failed.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from benchmarks.report.document import write_document, write_results
from benchmarks.report.machine import commit, load, machine
from benchmarks.report.run import run_all
from benchmarks.report.topics import BY_NAME


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick",
        nargs="*",
        choices=BY_NAME,
        metavar="TOPIC",
        help="the small run, of all topics or of these: minutes, not hours",
    )
    parser.add_argument("--only", nargs="+", choices=BY_NAME, metavar="TOPIC", help=f"of {', '.join(BY_NAME)}")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/output"), metavar="DIR", help="(%(default)s)")
    parser.add_argument("--again", action="store_true", help="measure again what is there")
    parser.add_argument(
        "--any-commit",
        action="store_true",
        help="do not measure again what is there of another commit; tables say of which",
    )
    parser.add_argument("--document", action="store_true", help="put it into docs/benchmarks.md; wants every topic")
    options = parser.parse_args(arguments)
    if options.document and options.only:
        parser.error("--document writes every table: leave out --only (what was measured before is not measured again)")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the topic that runs ends too
    topics = [topic for name, topic in BY_NAME.items() if not options.only or name in options.only]
    quick = BY_NAME if options.quick == [] else options.quick or ()
    runs = run_all(
        topics,
        options.output,
        {"commit": commit(), "machine": machine()},
        quick=quick,
        again=options.again,
        any_commit=options.any_commit,
        say=say,
        load=load,
    )
    write_results(runs, options.output)
    if options.document:
        write_document(runs)
    say(f"{options.output / 'tables.md'} has the tables, results.json the rows")
    return 1 if any(ran.error for ran in runs) else 0


def say(what: str) -> None:
    print(f"benchmarks: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
