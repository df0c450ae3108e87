"""Every topic's own ``main`` on measurements that are made up: a line of JSON for each. A process of its own, for
``benchmarks.convert`` sets its environment when it is imported.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import benchmarks.chaos.__main__ as chaos
import benchmarks.convert as convert
import benchmarks.farm.__main__ as farm
import benchmarks.queue.__main__ as queue
import benchmarks.reading.__main__ as reading
import benchmarks.runtime.__main__ as runtime
import benchmarks.select.__main__ as select
from benchmarks.chaos.figures import Figures
from benchmarks.farm import measure
from benchmarks.farm.stages import STAGES
from benchmarks.queue.latency import Latency
from benchmarks.queue.rate import Rate
from benchmarks.reading.measure import Reading
from benchmarks.select.measure import Subject, Times, _rows

KINDS = {"str": "x", "int": 3, "float": 1.5, "bool": False}


def made(kind: Callable[..., Any]) -> Any:
    """One of ``kind``, whose fields have values of their types."""
    return kind(
        **{f.name: KINDS.get(str(f.type).removeprefix("<class '").removesuffix("'>"), 1.5) for f in fields(kind)}
    )


def fields(kind: Any) -> tuple[dataclasses.Field[Any], ...]:
    return tuple(f for f in dataclasses.fields(kind) if f.default_factory is dataclasses.MISSING)


@contextlib.contextmanager
def urls(_: str, number: int = 3) -> Iterator[list[str]]:
    yield ["sqlite://"] * number


def farm_rows(*_: object) -> list[dict[str, Any]]:
    rounds = (measure.Round(8, 10.0, 12.0, 9.0), measure.Round(8, 6.0, 12.0, 9.0))
    return [
        measure.whole_row("local", 2, 4, 4, 2.0, {"replay": 3.0, "coordinator": 1.0}),
        measure.change_row("local", "net", 9.0, dict.fromkeys(STAGES, 1.0)),
        measure.scaling_row(*rounds, cores=2),
    ]


def stub() -> None:
    runtime.ready = lambda subject: subject
    runtime.measured = lambda *_: iter([made(runtime.Row)])
    convert.measured = lambda _: iter([made(convert.Row)])
    times = {name: [Times(2.0, 3.0)] for name in ("cold", "ast.parse", "grimp")}
    select.measured = lambda *_: list(_rows(made(Subject), 1000, times))
    select.this_repository = select.made_repository = urls
    queue.found_redis = farm.found_redis = chaos.found_redis = lambda: "redis-server"
    queue._urls, queue.open_database = urls, lambda _: io.StringIO()
    queue.rate.measure = lambda *_: made(Rate)
    queue.latency.measure = lambda *_: [made(Latency)]
    reading.measured = lambda *_: iter([made(Reading)])
    farm.measured = farm_rows
    chaos.run = lambda *_, **__: made(Figures)


def main() -> None:
    stub()
    for module in (runtime, convert, select, queue, reading, farm, chaos):
        sys.argv = ["topic", "--quick", "--json"]
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            module.main()
        print(json.dumps(json.loads(out.getvalue())))


if __name__ == "__main__":
    main()
