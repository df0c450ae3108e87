"""How quick selection is: every architecture of this repository, and of one of a thousand that is made by script.

``python -m benchmarks.select [--quick] [--json]``. Rows are

- ``cold``: nothing is kept of earlier runs; ``warm``: another process has read the state before; ``edited``: it has read
  the state before an edit of one block, which is planned now: one state from the folder of states, one to be read;
- ``process cold``, ``process warm``: the whole ``farm plan --changed-since HEAD`` in a process of its own.

The peers, in the same run and by turns: ``ast.parse`` of the same files, the least that a selector by definition must do; and
``grimp``, which builds the graph of imports that a selector by file would walk. Times are medians, of processor time
(``ours_ms``, ``peer_ms``) and of the clock (``wall_ms``).
"""

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.select.measure import made_repository, measured, this_repository

SCHEMA = "benchmark-select/2"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.select", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one run instead of eleven")
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="benchmark-select-") as name:
        for make_one in (this_repository, made_repository):
            folder = Path(name) / make_one.__name__
            subject = make_one(folder / "repository")
            rows += measured(subject, folder, 1 if options.quick else 11)
    if options.json:
        print(json.dumps({"schema": SCHEMA, "rows": rows}, indent=1))
        return
    for r in rows:
        print(
            f"{r['repository']:5} {r['architectures']:5} {r['run']:13} {r['ours_ms']:8.1f} ms (clock {r['wall_ms']:8.1f} ms)   "
            f"{r['peer']:9} {r['peer_ms']:8.1f} ms   ratio {r['ratio']:6.2f}"
        )


if __name__ == "__main__":
    main()
