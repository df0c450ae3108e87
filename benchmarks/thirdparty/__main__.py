"""``python -m benchmarks.thirdparty [PATTERN ...] [--again failed|all] [--document] [--json]``: the sweep and its documents.

A pattern takes part of the catalogue (``timm:*swin*``, ``segmentation:*``). Rows are added to ``--results``, by default the
file beside this module that the documents are written from; networks that have one are run again if ``--again`` says so.
``--document`` writes ``docs/third_party.md`` from the rows and runs nothing.
"""

import argparse
import json
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.thirdparty.catalogue import GROUPS
from benchmarks.thirdparty.document import RESULTS, write_document
from benchmarks.thirdparty.row import read_rows

SCHEMA = "benchmark-thirdparty/1"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.thirdparty", description=__doc__)
    parser.add_argument("patterns", nargs="*", default=["*"], metavar="PATTERN", help="group:name, with wildcards")
    parser.add_argument("--again", choices=["never", "failed", "all"], default="never")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--document", action="store_true", help="write the documents from the rows; run nothing")
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output, at the end")
    options = parser.parse_args()
    if options.document:
        write_document(read_rows(options.results))
        return
    from benchmarks.thirdparty.sweep import Run

    names = [a for group in GROUPS for a in group.architectures if any(fnmatch(a, p) for p in options.patterns)]
    run = Run(options.results, again=options.again)
    rows = []
    for row in run.rows(names):
        rows.append(row)
        if not options.json:
            print(f"{row.architecture:50} {row.outcome:16} {row.reason}", flush=True)
    if options.json:
        print(json.dumps({"schema": SCHEMA, "rows": [json.loads(row.to_line()) for row in rows]}, indent=1))


if __name__ == "__main__":
    main()
