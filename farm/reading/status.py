"""All that ``farm status`` and the page of an architecture say: its row, how its jobs stand, its strips, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from farm.errors import NotFoundError, UsageError
from farm.inventory import Inventory
from farm.planning.recorded import architecture_names
from farm.reading.job_list import ListedJob, newest_jobs
from farm.reading.next_step import NextStep, Subject, next_step
from farm.reading.strip import Mark, last_good, read_strips
from farm.table.table import Row, build_table

#: Commits of a strip.
STRIP = 10


@dataclass(frozen=True, slots=True)
class Status:
    """One architecture at one commit; all maps are by device.

    ``jobs`` are those that cells tell the state of; ``strips`` are the last commits up to this one, the newest first; ``next``
    has the devices where there is something to do.
    """

    commit: str
    row: Row
    jobs: Mapping[str, ListedJob]
    strips: Mapping[str, tuple[Mark, ...]]
    next: Mapping[str, NextStep]


def read_status(
    session: Session,
    inventory: Inventory,
    commit: str,
    name: str,
    now: datetime,
    *,
    kind: str | None = None,
    attended: bool = False,
    strip: int = STRIP,
    choose: str = "--kind ",
) -> Status:
    """The status of the architecture at a recorded commit; ``attended`` is as in :func:`farm.reading.job_list.newest_jobs`.

    ``choose`` is how whoever asks says which one it is, where two levels have the name.

    Raises:
        NotFoundError: the commit has no architecture of the name, or of the name and kind; suggests near names.
        UsageError: two levels have the name, and none is chosen.
    """
    row = _row(session, inventory, commit, name, kind, choose)
    jobs = newest_jobs(session, inventory, now, commit, row.kind, row.name, attended=attended)
    jobs = {device: job for device, job in jobs.items() if row.cells[device].state == job.state}
    strips = read_strips(session, inventory, row.kind, row.name, commit, strip)
    steps = {}
    for device, cell in row.cells.items():
        subject = Subject(row.name, commit, last_good(strips[device]), attended)
        if (step := next_step(cell, subject, jobs.get(device))) is not None:
            steps[device] = step
    return Status(commit, row, jobs, strips, steps)


def _row(session: Session, inventory: Inventory, commit: str, name: str, kind: str | None, choose: str) -> Row:
    named = build_table(session, commit, inventory, name).rows
    found = [row for row in named if kind in (None, row.kind)]
    if not named:
        raise NotFoundError("architecture", name, architecture_names(session, commit))
    if not found:
        raise NotFoundError("architecture", f"{kind}:{name}", [f"{row.kind}:{row.name}" for row in named])
    if len(found) > 1:
        raise UsageError(f"{name!r} is the name of several: say {choose}{' or '.join(row.kind for row in found)}")
    return found[0]
