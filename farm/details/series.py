"""What an architecture's figures did from commit to commit on each device type; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from farm.states.cell import Cell
from farm.table.history import History


@dataclass(frozen=True, slots=True)
class Step:
    """One commit on one device type; ``changed`` says whether the architecture's code is not what it was before."""

    commit: str
    subject: str
    date: datetime
    changed: bool
    cell: Cell


@dataclass(frozen=True, slots=True)
class Series:
    """The commits on one device type, the oldest first."""

    device: str
    steps: tuple[Step, ...]

    @property
    def errors(self) -> list[float | None]:
        """The largest error at each commit, in the unit of the outputs; ``None`` where there is no figure."""
        return [step.cell.max_abs_error for step in self.steps]

    @property
    def margins(self) -> list[float | None]:
        """The margin to the limit at each commit: 0 at the limit, 1 far inside, below 0 outside."""
        return [step.cell.margin for step in self.steps]


def series_of(history: History) -> tuple[Series, ...]:
    """One for each device type of a history."""
    entries = history.entries[::-1]
    return tuple(
        Series(
            device,
            tuple(Step(e.commit, e.subject, e.date, e.changed, e.row.cells[device]) for e in entries),
        )
        for device in history.devices
    )
