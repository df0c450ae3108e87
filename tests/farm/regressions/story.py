"""A short history told to a database: commits with their parents, each with a bundle of one network, and what devices say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.database.engine import Database
from farm.database.models import Regression
from farm.inventory import Inventory
from farm.regressions.follow import follow_commit
from farm.regressions.lineage import record_lineage
from tests.farm.databases import INVENTORY
from tests.farm.rows import START, FakeWire, judge, report, submit
from workers.outcome import Cause, Outcome

FAILS = Outcome.MISMATCH
PASSES = Outcome.PASS


def one_device(units: int = 1) -> Inventory:
    """An inventory of the device ``numpy`` alone."""
    device = {"driver": "numpy", "policy": "fp32", "units": units, "limits": {"time_s": 60}}
    return Inventory.model_validate({**INVENTORY, "devices": {"numpy": device}})


@dataclass
class Story:
    """Of the network ``net``; a bundle is named by a version, and a commit by a word."""

    database: Database
    inventory: Inventory = field(default_factory=one_device)
    minutes: int = 0
    wire: FakeWire = field(default_factory=FakeWire)

    @property
    def now(self) -> datetime:
        return START + timedelta(minutes=self.minutes)

    def commit(self, name: str, *parents: str, version: str, branch: str | None = "main", of: str = "net") -> None:
        """Submit a commit, with its own bundle of each network (``of``); what these inherit counts at once."""
        self.minutes += 1
        with self.database.write() as session:
            record_lineage(session, {name: parents})
        submit(
            self.database,
            self.inventory,
            of.split(),
            name,
            version=version,
            date=self.now,
            submitted=self.now,
            branch=branch,
        )
        self.follow(name, branch or name)

    def follow(self, commit: str, label: str) -> None:
        """What a submission does at its end."""
        from farm.database.models import Snapshot

        with self.database.write() as session:
            architectures = session.scalars(select(Snapshot.architecture_id).where(Snapshot.commit == commit)).all()
            follow_commit(session, commit, label, architectures, self.now)

    def judge(self, outcome: Outcome = PASSES, **said: Any) -> int:
        """Run all that waits to its end, confirming runs too; how many attempts it took."""
        self.minutes += 1
        return len(judge(self.database, self.inventory, outcome, now=self.now, **said))

    def tell(self, *outcomes: tuple[Outcome, str], stack: str = "test 1") -> None:
        """Run what waits attempt by attempt, in turn, with the outcome and on the unit that are said of each."""
        for outcome, unit in outcomes:
            self.minutes += 1
            dispatch(self.database, self.inventory, self.wire, self.now)
            message = self.wire.sent.pop(0)
            merge(self.database, report(message, outcome, Cause.UNKNOWN, unit=unit, stack=stack), self.now)

    def past(self, *steps: tuple[str, str, Outcome]) -> None:
        """Commits on one line, each with its version and outcome."""
        before: tuple[str, ...] = ()
        for name, version, outcome in steps:
            self.commit(name, *before, version=version)
            self.judge(outcome)
            before = (name,)

    def rows(self) -> list[Regression]:
        """All regressions, the first one first."""
        with self.database.read() as session:
            query = select(Regression).options(joinedload(Regression.architecture), joinedload(Regression.device_type))
            return list(session.scalars(query.order_by(Regression.id)))

    def told(self) -> list[tuple[str, str, str]]:
        """Of each that is not withdrawn: last good and first bad commit, and where it stands."""
        return [
            (r.last_good, r.first_bad, "open" if r.closed is None else r.fixed or "left")
            for r in self.rows()
            if r.withdrawn is None
        ]
