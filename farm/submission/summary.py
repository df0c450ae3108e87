"""What a submission came to, in a few lines, a document and an exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from farm.database.models import Attempt, Conversion, Job
from farm.errors import ExitCode
from farm.inventory import Inventory
from farm.states.cell import Cell
from farm.states.conversions import ConversionState
from farm.states.jobs import JobState
from farm.states.verdict import FAILURES, Provenance, Verdict
from farm.submission.record import Submitted
from farm.table.table import Row, build_table
from farm.words import number_of
from workers.outcome import Group, Outcome


@dataclass(frozen=True, slots=True)
class Tally:
    """What a submission cost, and what it was spared.

    ``failures`` of the ``inherited`` verdicts are failures, the first of which is due to be proved again at ``until``. Of the
    ``jobs``, ``fruitless`` ones ended without telling anything of their network: a verdict of before stands where there is one.
    """

    converted: int
    known: int
    inherited: int
    failures: int
    until: datetime | None
    jobs: int
    fruitless: int = 0

    def line(self) -> str:
        """For a terminal."""
        failures = "1 of them a failure" if self.failures == 1 else f"{self.failures} of them failures"
        them = "it" if self.failures == 1 else "them"
        until = f" ({failures}, until {self.until:%Y-%m-%d}: --reprove runs {them} again)" if self.until else ""
        return (
            f"{self.converted} converted anew, {number_of(self.known, 'bundle')} known; "
            f"{number_of(self.inherited, 'verdict')} inherited{until}; {number_of(self.jobs, 'job')} run"
            + (f", {self.fruitless} of them without telling anything: see `farm logs`" if self.fruitless else "")
        )

    def document(self) -> dict[str, Any]:
        """The field ``cost`` of ``farm-submit/1``."""
        return {**asdict(self), "until": self.until.isoformat() if self.until else None}


@dataclass(frozen=True, slots=True)
class Summary:
    """The selected rows of a commit's table."""

    commit: str
    rows: tuple[Row, ...]

    @property
    def bad(self) -> tuple[tuple[Row, Cell], ...]:
        """Cells that are a bad result of the product; what is stale is a result of something else."""
        return tuple((r, c) for r, c in self._cells() if c.verdict in FAILURES and c.provenance is not Provenance.STALE)

    @property
    def unknown(self) -> tuple[tuple[Row, Cell], ...]:
        """Cells of which the farm, for reasons of its own, can say nothing."""
        return tuple((r, c) for r, c in self._cells() if c.verdict is Verdict.NO_VERDICT)

    @property
    def open(self) -> tuple[tuple[Row, Cell], ...]:
        """Cells that no attempt has said anything of: not yet, or never where all that was tried was lost."""
        return tuple(
            (r, c) for r, c in self._cells() if c.verdict is Verdict.MISSING or c.provenance is Provenance.STALE
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """Number of cells by device and verdict; a stale verdict is missing."""
        counted: dict[str, Counter[str]] = {}
        for _, cell in self._cells():
            verdict = Verdict.MISSING if cell.provenance is Provenance.STALE else cell.verdict
            counted.setdefault(cell.device, Counter())[verdict.value] += 1
        return {device: dict(counter) for device, counter in counted.items()}

    def lines(self) -> list[str]:
        """For a terminal: a line for each device, then each bad, unknown or given up cell with its reason."""
        lines = [
            f"{device}: " + ", ".join(f"{n} {verdict}" for verdict, n in sorted(counted.items()))
            for device, counted in self.counts().items()
        ]
        for row, cell in (*self.bad, *self.unknown):
            reason = f": {cell.message}" if cell.message else ""
            lines.append(
                f"  {row.kind} {row.name} on {cell.device}: {cell.verdict} ({cell.outcome}, {cell.cause}){reason}"
            )
        given_up = [(row, cell) for row, cell in self.open if cell.state == JobState.QUARANTINED]
        lines += [
            f"  {row.kind} {row.name} on {cell.device}: given up, every attempt was lost; see `farm jobs`"
            for row, cell in given_up
        ]
        for state in ("cancelled", "superseded"):
            if ended := [c for _, c in self.open if c.state in (state, f"conversion {state}")]:
                lines.append(
                    f"  {number_of(len(ended), 'cell')} {state}, and so not tested; `farm jobs --state {state}`"
                )
        if gone := [cell for _, cell in self.open if cell.changed and not cell.state]:
            # Seen after it was decided what to run: with a broker, the reports of this very submission tell.
            what = ", ".join(gone[0].changed)
            lines.append(f"  {number_of(len(gone), 'cell')} of a stack that is gone ({what}): submit again to run them")
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

    def exit_code(self, *, finished: bool, problems: bool, fruitless: int = 0) -> ExitCode:
        """1 for a bad result (an unreadable public name is one), 3 where only the farm itself stood in the way.

        It did too where jobs were ``fruitless``, though a verdict of before stands.
        """
        if problems or self.bad:
            return ExitCode.BAD_RESULT
        stuck = [c for _, c in (*self.unknown, *self.open) if c.outcome is not Outcome.SKIPPED]
        return ExitCode.INFRASTRUCTURE if finished and (stuck or fruitless) else ExitCode.GOOD

    def tally(self, session: Session, submitted: Submitted) -> Tally:
        """What ``submitted`` cost, as far as it is done."""
        converted = session.scalar(
            select(func.count())
            .select_from(Conversion)
            .where(Conversion.submission_id == submitted.submission, Conversion.state == ConversionState.DONE)
        )
        jobs = session.scalar(select(func.count()).select_from(Job).where(*_jobs_of(submitted.submission)))
        inherited = [
            cell
            for _, cell in self._cells()
            if cell.attempt is not None
            and cell.provenance is not Provenance.STALE
            and cell.verdict is not Verdict.NO_VERDICT
            and cell.submission != submitted.submission
        ]
        expiries = [cell.expires for cell in inherited if cell.expires]
        return Tally(
            converted=converted or 0,
            known=submitted.known,
            inherited=len(inherited),
            failures=len(expiries),
            until=min(expiries, default=None),
            jobs=jobs or 0,
            fruitless=fruitless_jobs(session, submitted.submission),
        )

    def _cells(self) -> Iterator[tuple[Row, Cell]]:
        for row in self.rows:
            for cell in row.cells.values():
                yield row, cell


def fruitless_jobs(session: Session, submission: str) -> int:
    """How many jobs of a submission ended without telling anything of their network, by their last attempts."""
    tries = select(Attempt.job_id, Attempt.outcome).join(Job, Attempt.job_id == Job.id)
    ended = session.execute(tries.where(*_jobs_of(submission), Job.state == JobState.DONE).order_by(Attempt.n))
    last = {row.job_id: Outcome(row.outcome) for row in ended if row.outcome}
    return sum(outcome.group in (Group.INFRA, Group.HARNESS) for outcome in last.values())


def _jobs_of(submission: str) -> tuple[ColumnElement[bool], ...]:
    return Job.submission_id == submission, Job.probe_id.is_(None)


def summarise(session: Session, inventory: Inventory, commit: str) -> Summary:
    """The summary of what was selected at ``commit``."""
    rows = build_table(session, commit, inventory).rows
    return Summary(commit, tuple(row for row in rows if row.selected))
