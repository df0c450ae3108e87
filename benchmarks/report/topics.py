"""The topics: how each is run, what its document must have, and the tables and charts that are made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.report.chart import Bar

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a topic's document that belong together.

    Args:
        name: of its chart's file, beside the topic's.
        title: of table and chart.
        columns: of the table: heading and field. ``stages.plan`` is the field ``plan`` of ``stages``.
        label: of a bar.
        bars: fields that are drawn, one after the other where there are several.
        unit: of what is drawn.
        what: the rows' ``what``, where a document has several kinds of them.
        ratio: whether what is drawn is a ratio, from a line at 1.
    """

    name: str
    title: str
    columns: Mapping[str, str]
    label: Callable[[Row], str]
    bars: tuple[str, ...]
    unit: str
    what: str = ""
    ratio: bool = False

    def rows(self, document: Row) -> list[Row]:
        """The document's rows that are this table's; a document without ``rows`` is one row."""
        rows = document.get("rows", [document])
        return [row for row in rows if not self.what or row.get("what") == self.what]

    def drawn(self, document: Row) -> list[Bar]:
        """A bar for each row that has what is drawn."""
        found = []
        for row in self.rows(document):
            parts = tuple((_word(path), float(value)) for path in self.bars if (value := field(row, path)) is not None)
            if parts:
                found.append(Bar(self.label(row), parts))
        return found


@dataclass(frozen=True, slots=True)
class Topic:
    """``python -m benchmarks.<name> [--quick] --json``: a document of ``schema`` with the fields of ``tables``."""

    name: str
    schema: str
    tables: tuple[Table, ...]

    def arguments(self, *, quick: bool) -> list[str]:
        return ["-m", f"benchmarks.{self.name}", *(["--quick"] if quick else []), "--json"]

    def faults(self, document: Any) -> list[str]:
        """What of the contract a document does not keep."""
        if not isinstance(document, dict) or next(iter(document.items()), None) != ("schema", self.schema):
            return [f"the document does not begin with the schema {self.schema}"]
        rows = document.get("rows", [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            return ["rows is not a list of objects"]
        found = []
        for table in self.tables:
            rows = table.rows(document)
            if not rows:
                found.append(f"no row of {table.name}")
            for path in dict.fromkeys((*table.columns.values(), *table.bars)):
                if any(not has(row, path) for row in rows):
                    found.append(f"a row of {table.name} without {path}")
        return found


def field(row: Row, path: str) -> Any:
    """The value at a path, ``None`` where there is none."""
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def has(row: Row, path: str) -> bool:
    """Whether there is such a field, though it may be null."""
    *outer, last = path.split(".")
    within = field(row, ".".join(outer)) if outer else row
    return isinstance(within, Mapping) and last in within


def _word(path: str) -> str:
    return path.rpartition(".")[2].removesuffix("_s").replace("_", " ")


_RUNTIME = Table(
    "runtime",
    "One run of a network: our time over the peer's",
    {
        "network": "network", "peer": "peer", "threads": "threads", "mode": "mode", "ours, ms": "ours_ms",
        "peer, ms": "peer_ms", "ratio": "ratio",
    },
    lambda row: f"{row['network']}, {row['mode']}, {row['threads']}: {row['peer']}",
    ("ratio",),
    "ratio of wall-clock time; below 1 ours is quicker",
    ratio=True,
)  # fmt: skip
_CONVERT = Table(
    "convert",
    "A conversion: our seconds over the exporter's",
    {
        "network": "network", "peer": "peer", "ours, s": "ours_s", "peer, s": "peer_s", "ratio": "ratio",
        "ours, CPU s": "ours_cpu_s", "peer, CPU s": "peer_cpu_s", "ratio of CPU": "ratio_cpu",
    },
    lambda row: f"{row['network']}: {row['peer']}",
    ("ratio_cpu",),
    "ratio of processor time; below 1 ours is quicker",
    ratio=True,
)  # fmt: skip
_SELECT = Table(
    "select",
    "Selection: processor time over the peer's",
    {
        "repository": "repository", "architectures": "architectures", "run": "run", "peer": "peer",
        "ours, ms": "ours_ms", "peer, ms": "peer_ms", "clock, ms": "wall_ms", "ratio": "ratio",
    },
    lambda row: f"{row['architectures']} architectures, {row['run']}: {row['peer']}",
    ("ratio",),
    "ratio of processor time; below 1 ours is quicker",
    ratio=True,
)  # fmt: skip
_RATE = Table(
    "queue-rate",
    "The queue: no-op attempts a second over bare no-ops of Celery",
    {
        "database": "database", "workers": "workers", "window": "window", "jobs": "jobs", "ours a second": "ours_per_s",
        "bare a second": "bare_per_s",
        "share": "share", "coordinator, CPU ms": "cpu_ms", "host, CPU ms": "host_cpu_ms", "bare worker, CPU ms": "bare_cpu_ms",
        "bare sender, CPU ms": "send_cpu_ms",
    },
    lambda row: f"{row['database']}, {row['workers']} a side, window {row['window']}",
    ("share",),
    "share of the peer's rate; 1 would be as quick as bare Celery",
    "rate",
)  # fmt: skip
_LATENCY = Table(
    "queue-latency",
    "The queue: filling a window of two while few and many jobs wait",
    {"database": "database", "waiting": "waiting", "ms": "dispatch_ms", "CPU ms": "cpu_ms", "ratio to few": "ratio"},
    lambda row: f"{row['database']}, {row['waiting']:,} wait",
    ("dispatch_ms",),
    "milliseconds, median",
    "latency",
)
_READING = Table(
    "reading",
    "Reading: what commands and pages ask of the database",
    {"query": "query", "database": "database", "results": "results", "ms": "median_ms", "CPU ms": "cpu_ms"},
    lambda row: f"{row['query']}, {row['database']}",
    ("median_ms",),
    "milliseconds, median",
)
_WHOLE = Table(
    "farm-whole",
    "A whole submission: where the processor time goes",
    {
        "wire": "wire", "architectures": "architectures", "device types": "device_types", "verdicts": "verdicts",
        "wall, s": "wall_s", "verdicts a minute": "per_minute", "CPU, s": "cpu_s", "share of replay": "replay_share",
        "replay": "replay_s", "converter": "converter_s", "coordinator": "coordinator_s", "hosts": "host_s",
        "broker": "broker_s", "submit": "submit_s", "unseen": "unseen_s",
    },
    lambda row: row["wire"],
    ("replay_s", "converter_s", "coordinator_s", "host_s", "broker_s", "submit_s", "unseen_s"),
    "seconds of processor time",
    "whole",
)  # fmt: skip
_SCALING = Table(
    "farm-scaling",
    "Two workers over one: all of it replayed again, nothing converted",
    {
        "jobs": "jobs", "one worker, s": "one_s", "two workers, s": "two_s", "ratio": "ratio", "goal": "goal",
        "ceiling of this machine": "ceiling", "cores": "cores", "one, CPU s": "one_cpu_s", "two, CPU s": "two_cpu_s",
        "of it replay, one": "one_replay_cpu_s", "of it replay, two": "two_replay_cpu_s",
    },
    lambda row: f"{row['jobs']} jobs, {row['cores']} cores",
    ("ratio",),
    "times as quick with two workers as with one",
    "scaling",
    ratio=True,
)  # fmt: skip
_STAGES = ("plan", "wait_converter", "convert", "wait_device", "replay")
_CHANGE = Table(
    "farm-change",
    "A change of one line: seconds from the commit to the last verdict",
    {
        "wire": "wire", "last": "architecture", "seconds": "seconds",
        **{stage.replace("_", " "): f"stages.{stage}" for stage in _STAGES}, "told after": "told_s",
    },
    lambda row: row["wire"],
    tuple(f"stages.{stage}" for stage in _STAGES),
    "seconds, by stage",
    "change",
)  # fmt: skip
_CHAOS = Table(
    "chaos",
    "A farm under a killer: what became of its jobs",
    {
        "database": "database", "seconds": "seconds", "seed": "seed", "jobs": "jobs", "kills": "kills", "lost": "lost",
        "doubled": "doubled", "run again": "reexecuted", "sent again": "resent", "in quarantine": "quarantined",
    },
    lambda row: f"{row['jobs']} jobs, {row['kills']} kills",
    ("lost", "doubled", "reexecuted", "resent"),
    "jobs and attempts",
)  # fmt: skip

TOPICS = (
    Topic("runtime", "benchmark-runtime/1", (_RUNTIME,)),
    Topic("convert", "benchmark-convert/1", (_CONVERT,)),
    Topic("select", "benchmark-select/2", (_SELECT,)),
    Topic("queue", "benchmark-queue/1", (_RATE, _LATENCY)),
    Topic("reading", "benchmark-reading/1", (_READING,)),
    Topic("farm", "benchmark-farm/1", (_WHOLE, _SCALING, _CHANGE)),
    Topic("chaos", "benchmark-chaos/1", (_CHAOS,)),
)
BY_NAME = {topic.name: topic for topic in TOPICS}
