"""A repository of three tiny architectures and a database: submissions by the real planner, conversions and hosts by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.audit.doubts import read_doubts
from farm.conversion.stored import checkpoints_of
from farm.coordinator.jobs import want_verdicts
from farm.database.engine import Database
from farm.database.models import Architecture, Bundle, Conversion, Sample, Snapshot, Submission
from farm.git import Repository
from farm.inventory import Inventory
from farm.planning.last_change import last_changes
from farm.planning.plan import Plan, SourceReader, make_plan
from farm.regressions.lineage import DEPTH
from farm.states.cell import Cell
from farm.submission.record import Submitted, known_changes, record
from farm.table.table import build_table
from farm.verdicts.inheritance import Reprove
from tests.acceptance.tiny import FILES, INVENTORY
from tests.farm.conftest import Scratch
from tests.farm.rows import SAMPLES, START, judge, sha256
from workers.outcome import Cause, Outcome

BLOCK = "models/basicblocks/block.py"
SMALL = "models/networks/small.py"
TOOLCHAIN = {"converter": "1", "torch": "2.13"}


@dataclass
class TinyFarm:
    """``tiny`` reaches ``Block``, ``wide`` reaches neither."""

    scratch: Scratch
    database: Database

    @cached_property
    def inventory(self) -> Inventory:
        return tiny_inventory()

    @property
    def repository(self) -> Repository:
        return Repository.find(self.scratch.root)

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a file on disk."""
        text = (self.scratch.root / path).read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        self.scratch.write({path: text.replace(old, new)})

    def plan(self, since: str | None = None, commit: str | None = None) -> Plan:
        """What ``farm plan`` shows."""
        reader = SourceReader(self.repository, self.inventory)
        with self.database.read() as session:
            doubts = read_doubts(session)
        return make_plan(reader, self.inventory, changed_since=since, commit=commit, doubts=doubts)

    def submit(
        self,
        since: str | None = None,
        *,
        reconvert: bool = False,
        reprove: Reprove = Reprove.NOTHING,
        toolchain: dict[str, str] = TOOLCHAIN,
        branch: str | None = None,
        devices: Sequence[str] | None = None,
        now: datetime = START,
    ) -> Submitted:
        """What ``farm submit`` enters."""
        plan = self.plan(since)
        with self.database.read() as session:
            known = known_changes(session, plan)
        changes = last_changes(SourceReader(self.repository, self.inventory), plan, ("models",), known)
        return record(
            self.database,
            plan,
            self.inventory,
            toolchain,
            changes,
            checkpoints=checkpoints_of(plan.selected),
            reconvert=reconvert,
            reprove=reprove,
            branch=branch,
            devices=devices,
            lineage=self.repository.lineage([plan.state.sha], DEPTH),
            now=now,
        )

    def convert(self, outcome: Outcome | None = None, toolchain: dict[str, str] = TOOLCHAIN) -> int:
        """End every queued conversion, by a bundle of its closure and toolchain or by ``outcome``; how many there were."""
        with self.database.write() as session:
            queued = session.scalars(select(Conversion).where(Conversion.state == "queued")).all()
            for row in queued:
                if outcome is None:
                    row.state = "done"
                    self._bundle(session, row, toolchain)
                else:
                    row.state, row.outcome, row.cause, row.message = "failed", outcome, Cause.MODEL_CODE, "it broke"
        return len(queued)

    def judge(self, outcome: Outcome = Outcome.PASS, *, now: datetime = START, **said: Any) -> int:
        """Run every job; how many attempts it took. ``said`` is as in :func:`tests.farm.rows.judge`."""
        return len(judge(self.database, self.inventory, outcome, now=now, **said))

    def cells(self) -> dict[tuple[str, str], Cell]:
        """Of the table at HEAD, by architecture and device."""
        with self.database.read() as session:
            table = build_table(session, self.scratch.git("rev-parse", "HEAD"), self.inventory)
        return {(row.name, device): cell for row in table.rows for device, cell in row.cells.items()}

    def snapshots(self, commit: str) -> dict[str, Snapshot]:
        """Snapshots of a commit by name."""
        with self.database.read() as session:
            query = select(Architecture.name, Snapshot).join(Snapshot.architecture).where(Snapshot.commit == commit)
            return {row.name: row.Snapshot for row in session.execute(query)}

    def _bundle(self, session: Session, row: Conversion, toolchain: dict[str, str]) -> None:
        snapshot = session.get_one(Snapshot, (row.commit, row.architecture_id))
        identity = sha256(f"{snapshot.closure} {sorted(toolchain.items())}")
        if session.get(Bundle, identity) is None:
            session.add(
                Bundle(
                    identity=identity,
                    graph=sha256(f"graph {identity}"),
                    weights=sha256("w"),
                    samples=sha256("s"),
                    manifest=sha256(f"manifest {identity}"),
                    size_bytes=10,
                    parts={},
                    layers=[],
                    ops=[],
                    toolchain=toolchain,
                    created=START,
                    sample_rows=[Sample(name=s, position=i) for i, s in enumerate(SAMPLES)],
                )
            )
            session.flush()
        snapshot.bundle = identity
        submission = session.get_one(Submission, row.submission_id)
        want_verdicts(session, self.inventory, submission, row.architecture_id, identity, row.priority, START)


def tiny_inventory() -> Inventory:
    return Inventory.model_validate(yaml.safe_load(INVENTORY))


def tiny_farm(scratch: Scratch, database: Database) -> TinyFarm:
    """A farm whose repository has one commit."""
    scratch.commit(FILES, "Start")
    return TinyFarm(scratch, database)
