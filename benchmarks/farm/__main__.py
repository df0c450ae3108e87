"""A whole farm at work on the zoo: ``python -m benchmarks.farm [--quick] [--json]``. Needs the dev extra, for Redis.

Two simulated device types (the NumPy Platform in its modes ``default`` and ``fast``), in a clone of this repository's newest
commit, with a database and a store of their own. Once on the local wire, where one command does all in child processes, and
once on Celery with a real Redis, a coordinator, a converter and a host for each device type.

- ``whole``: ``farm submit --all`` of a farm that knows nothing. ``replay_share`` is how much of all processor time went into
  the processes that replay, their start and the comparison included; the rest is the converter, the coordinator (on the local
  wire it is the command itself), hosts, the broker, and the command that submits. By process accounting.
- ``change``: one line of SqueezeNet's scores is changed and committed: ``seconds`` from there until the last verdict is
  recorded, and the stages of the one that came last; ``told_s`` is when the command said so.
- ``scaling``: all of it run again on one device type with one worker and with two, nothing converted. ``ceiling`` is what this
  machine could give at best: the cores also have to do what is not replay.

Exit code 3 where a part of it ended, or did not come up.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.farm.measure import celery, local
from benchmarks.farm.repository import QUICK
from tests.servers import found_redis

SCHEMA = "benchmark-farm/1"
#: What a farm of all architectures takes, its store and a cache for each of two hosts, 17 GiB each.
ROOM_BYTES = 52 << 30


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.farm", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help=f"{len(QUICK)} networks instead of all architectures")
    parser.add_argument("--name", action="append", help="just these architectures; the change needs squeezenet1_1")
    parser.add_argument("--wire", action="append", choices=("local", "celery"), help="just this one (both)")
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no part of the farm outlives the run
    binary = found_redis()
    if binary is None:
        print("farm: no redis-server on PATH or from pip: install the dev extra", file=sys.stderr)
        return 3
    names = options.name or (QUICK if options.quick else ())
    rows = []
    try:
        for row in measured(names, options.wire or ("local", "celery"), binary):
            rows.append(row)
            if not options.json:
                print("   ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    except (RuntimeError, LookupError, TimeoutError) as error:
        print(f"farm: {' '.join(str(error).split())}", file=sys.stderr)
        return 3
    if options.json:
        print(json.dumps({"schema": SCHEMA, "rows": rows}, indent=1))
    return 0


def measured(names: Sequence[str], wires: Sequence[str], binary: str) -> Iterator[dict[str, Any]]:
    """Rows, as they come; what a wire's farm has made is removed before the next one begins.

    Raises:
        RuntimeError: there is no room for all architectures, or a part of the farm ended.
    """
    for wire in wires:
        with tempfile.TemporaryDirectory(prefix="benchmark-farm-") as folder:
            if not names and (free := shutil.disk_usage(folder).free) < ROOM_BYTES:
                raise RuntimeError(
                    f"all architectures take up to {ROOM_BYTES >> 30} GiB of {tempfile.gettempdir()}, which has {free >> 30}: "
                    "make room, or let TMPDIR name another folder"
                )
            yield from local(Path(folder), names) if wire == "local" else celery(Path(folder), names, binary)


if __name__ == "__main__":
    sys.exit(main())
