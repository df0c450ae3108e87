"""A farm to bisect on: the repository, the planner and the coordinator are real; widths tell bundles, and bundles results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.bisect.asking import Asker
from farm.bisect.bisection import Bisection, Ended
from farm.bisect.reading import Range, read_range
from farm.coordinator.dispatch import dispatch
from farm.coordinator.jobs import want_verdicts
from farm.coordinator.merge import merge
from farm.database.models import Attempt, Bundle, Conversion, Job, Sample, Snapshot, Submission
from farm.git import Repository
from farm.planning.plan import SourceReader
from farm.submission.record import Submitted
from tests.farm.rows import SAMPLES, START, FakeWire, report, sha256
from tests.farm.tinyfarm import SMALL, TinyFarm
from workers.outcome import Cause, Outcome

_WIDTH = re.compile(r"Conv2d\(3, (\d+), 3\)")


@dataclass
class Bench:
    """Commits of different widths of ``wide``; a hundred widths are one bundle.

    ``outcomes`` are of bundles on every device, else they pass; ``failures`` of conversions, by the number of the bundle that
    they would be.
    """

    farm: TinyFarm
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    failures: dict[int, Outcome] = field(default_factory=dict)
    now: datetime = START + timedelta(hours=1)
    said: list[str] = field(default_factory=list)
    carried: list[list[str]] = field(default_factory=list)

    def commit(self, width: int | None = None, subject: str = "Change") -> str:
        """A commit with another width, or with nothing but other words."""
        scratch = self.farm.scratch
        if width is not None:
            text = (scratch.root / SMALL).read_text()
            scratch.write({SMALL: _WIDTH.sub(f"Conv2d(3, {width}, 3)", text)})
        return scratch.commit({"README.md": f"{scratch.commits} {subject}\n"}, subject)

    def line(self, widths: Sequence[int | None]) -> list[str]:
        """A commit for each width."""
        return [self.commit(width, f"Commit {n}") for n, width in enumerate(widths)]

    def known(self, *commits: str) -> None:
        """Submit commits as people do, and run them: their verdicts are stored."""
        for commit in commits:
            self.farm.scratch.git("checkout", "--quiet", commit)
            self.farm.submit(toolchain={})
            self.carry([])
        self.farm.scratch.git("checkout", "--quiet", "main")

    def range(self, good: str, bad: str, name: str = "wide", kind: str | None = None) -> Range:
        return read_range(SourceReader(self.farm.repository, self.farm.inventory), name, kind, good, bad)

    def bisection(self, good: str, bad: str, name: str = "wide", device: str = "numpy") -> Bisection:
        reader = SourceReader(self.farm.repository, self.farm.inventory)
        found = read_range(reader, name, None, good, bad)
        asker = Asker(self.farm.database, self.farm.inventory, reader, found, device, {})
        return Bisection(asker, self.carry, self.said.append, self.now)

    def bisect(self, good: str, bad: str, **more: str) -> Ended:
        return self.bisection(good, bad, **more).run()

    def carry(self, submitted: Sequence[Submitted]) -> None:
        """What converters and hosts do."""
        self.carried.append([one.commit for one in submitted])
        with self.farm.database.write() as session:
            for row in session.scalars(select(Conversion).where(Conversion.state == "queued")).all():
                self._convert(session, row)
        wire = FakeWire()
        done = 0
        while dispatch(self.farm.database, self.farm.inventory, wire, self.now):
            for message in wire.sent[done:]:
                outcome = self.outcomes.get(self._number(message.bundle), Outcome.PASS)
                cause = Cause.DEVICE_STACK if outcome is Outcome.MISMATCH else Cause.UNKNOWN
                merge(self.farm.database, report(message, outcome, cause), self.now)
            done = len(wire.sent)

    def count(self, table: type) -> int:
        with self.farm.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def runs(self) -> int:
        """Attempts of all submissions so far."""
        return self.count(Attempt)

    def devices_run(self) -> set[str]:
        """Device types that there are jobs of."""
        with self.farm.database.read() as session:
            return {job.device_type.name for job in session.scalars(select(Job))}

    def _convert(self, session: Session, row: Conversion) -> None:
        snapshot = session.get_one(Snapshot, (row.commit, row.architecture_id))
        number = self._width(row.commit) // 100
        if row.architecture.name == "wide" and number in self.failures:
            row.state, row.outcome, row.message = "failed", self.failures[number], f"no {number}"
            row.cause = Cause.MODEL_CODE
            snapshot.bundle = None
            return
        row.state = "done"
        snapshot.bundle = identity = self._bundle(session, f"{row.architecture.name} {number}")
        submission = session.get_one(Submission, row.submission_id)
        want_verdicts(session, self.farm.inventory, submission, row.architecture_id, identity, row.priority, self.now)

    def _width(self, commit: str) -> int:
        text = Repository.find(self.farm.scratch.root).tree(commit.partition("+")[0]).read(SMALL).decode()
        found = _WIDTH.search(text)
        assert found is not None
        return int(found[1])

    def _bundle(self, session: Session, name: str) -> str:
        identity = sha256(f"bundle {name}")
        if session.get(Bundle, identity) is None:
            rows = [Sample(name=s, position=i) for i, s in enumerate(SAMPLES)]
            hashes = {part: sha256(f"{part} {name}") for part in ("graph", "weights", "samples", "manifest")}
            session.add(
                Bundle(
                    identity=identity,
                    **hashes,
                    size_bytes=10,
                    parts={},
                    layers=[],
                    ops=[],
                    toolchain={},
                    created=self.now,
                    sample_rows=rows,
                )
            )
            session.flush()
        return identity

    def _number(self, bundle: str) -> int:
        """Of ``wide``'s; -1 of the others', which pass."""
        return next((n for n in range(100) if sha256(f"bundle wide {n}") == bundle), -1)
