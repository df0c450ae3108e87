"""What a submission came to, in a few lines, a document and an exit code."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from farm.coordinator.verdict import Verdict
from farm.errors import ExitCode
from farm.inventory import Inventory
from farm.table import Cell, Row, build_table
from workers.outcome import Group

BAD = (Verdict.FAILED, Verdict.FLAKY, Verdict.PARTIAL)


@dataclass(frozen=True, slots=True)
class Summary:
    """The selected rows of a commit's table."""

    commit: str
    rows: tuple[Row, ...]

    @property
    def bad(self) -> tuple[tuple[Row, Cell], ...]:
        """Cells that are a bad result of the product."""
        return tuple((row, cell) for row in self.rows for cell in row.cells.values() if cell.verdict in BAD)

    @property
    def unknown(self) -> tuple[tuple[Row, Cell], ...]:
        """Cells of which nothing can be said because of the farm itself."""
        return tuple((r, c) for r in self.rows for c in r.cells.values() if c.verdict is Verdict.NO_VERDICT)

    def counts(self) -> dict[str, dict[str, int]]:
        """Number of cells by device and verdict."""
        counted: dict[str, Counter[str]] = {}
        for row in self.rows:
            for device, cell in row.cells.items():
                counted.setdefault(device, Counter())[cell.verdict.value] += 1
        return {device: dict(counter) for device, counter in counted.items()}

    def lines(self) -> list[str]:
        """For a terminal: a line for each device, then each bad or unknown cell with its reason."""
        lines = [
            f"{device}: " + ", ".join(f"{n} {verdict}" for verdict, n in sorted(counted.items()))
            for device, counted in self.counts().items()
        ]
        for row, cell in (*self.bad, *self.unknown):
            reason = f": {cell.message}" if cell.message else ""
            lines.append(
                f"  {row.kind} {row.name} on {cell.device}: {cell.verdict} ({cell.outcome}, {cell.cause}){reason}"
            )
        return lines

    def document(self) -> dict[str, Any]:
        """The fields of ``farm-submit/1``."""
        return {
            "commit": self.commit,
            "counts": self.counts(),
            "bad": [
                {"architecture": row.name, "kind": row.kind, "device": cell.device, "verdict": cell.verdict}
                for row, cell in self.bad
            ],
        }

    def exit_code(self, *, finished: bool, problems: bool) -> ExitCode:
        """1 for a bad result (an unreadable public name is one), 3 where only the farm itself stood in the way."""
        if problems or self.bad:
            return ExitCode.BAD_RESULT
        infra = [c for _, c in self.unknown if c.outcome and c.outcome.group in (Group.INFRA, Group.HARNESS)]
        return ExitCode.INFRASTRUCTURE if finished and infra else ExitCode.GOOD


def summarise(session: Session, inventory: Inventory, commit: str) -> Summary:
    """The summary of what was selected at ``commit``."""
    rows = build_table(session, commit, inventory).rows
    return Summary(commit, tuple(row for row in rows if row.selected))
