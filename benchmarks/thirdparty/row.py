"""What is known of one network after its turn, as one line of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from workers.outcome import Outcome
from workers.report import AttemptReport

#: What sizes a network takes.
ANY, MULTIPLES, FIXED = "any", "multiples of 32", "one"


@dataclass(frozen=True, slots=True)
class Row:
    """One network of the catalogue.

    ``outcome`` is that of the replay on the NumPy device, ``CONVERT_FAILED`` where there is no bundle to replay, and
    ``MODEL_FAILED`` where torch cannot run the network here; ``error`` then is the name of the exception. ``reason`` is one
    line, empty for a pass. ``takes`` says what input sizes it accepts (see :mod:`.sizes`). ``graphs`` counts the graphs of
    the bundle, ``guards`` those of them all, ``nodes`` those of the largest; ``fallback`` is why there is one graph for each
    size that was sampled, if so. The figures are the worst over all samples and outputs.
    """

    architecture: str
    outcome: str
    reason: str = ""
    error: str = ""
    parameters: int = 0
    takes: str = ""
    sizes: tuple[str, ...] = ()
    graphs: int = 0
    fallback: str = ""
    guards: int = 0
    nodes: int = 0
    max_rel_error: float | None = None
    sqnr_db: float | None = None
    margin: float | None = None
    convert_s: float | None = None
    replay_s: float | None = None
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether it converts and replays within policy."""
        return self.outcome in (Outcome.PASS.value, Outcome.PASS_FALLBACK.value)

    def to_line(self) -> str:
        """As a line of JSON."""
        return json.dumps(asdict(self)) + "\n"


def judged(row: Row, report: AttemptReport, replay_s: float) -> Row:
    """``row`` with what the device said."""
    errors = [error for case in report.cases for error in case.tensors]
    return replace(
        row,
        outcome=report.outcome.value,
        reason=report.message,
        max_rel_error=max((e.max_rel_error for e in errors), default=None),
        sqnr_db=min((e.sqnr_db for e in errors), default=None),
        margin=min((e.margin for e in errors), default=None),
        replay_s=round(replay_s, 2),
        versions={**row.versions, "blas": report.stack.get("blas", "")},
    )


def read_rows(path: Path) -> dict[str, Row]:
    """The last row of each network in a file of lines; of none where the file does not exist."""
    if not path.exists():
        return {}
    return {row.architecture: row for row in map(_row, path.read_text(encoding="utf-8").splitlines())}


def _row(line: str) -> Row:
    data: dict[str, Any] = json.loads(line)
    known = {f.name for f in fields(Row)}
    return Row(**{name: tuple(v) if isinstance(v, list) else v for name, v in data.items() if name in known})
