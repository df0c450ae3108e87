"""The converter: takes queued conversions from the database, converts them, keeps the bundles, and queues their jobs."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from farm.conversion.request import architecture_target
from farm.conversion.runner import ConversionLimits, convert_items
from farm.conversion.source import CommitSource
from farm.conversion.wire import Begun, Item, Result
from farm.coordinator.jobs import want_verdicts
from farm.coordinator.records import MAX_MESSAGE, clipped, record_event
from farm.database.engine import Database
from farm.database.models import Bundle, Conversion, Sample, Snapshot, Submission
from farm.errors import FarmError, InfrastructureError
from farm.git import Repository
from farm.inventory import Inventory
from mcore.platform.format import read_bundle
from workers.artifacts import ArtifactError, open_store, push_bundle
from workers.outcome import Cause, Outcome

if TYPE_CHECKING:
    from mcore.platform.bundle import Bundle as BundleValue

log = logging.getLogger("farm.converter")
BATCH = 8
IDLE_S = 0.5
LEASE_MARGIN_S = 60.0
QUEUED, RUNNING, DONE, FAILED = "queued", "running", "done", "failed"

Progress = Callable[[Begun | Result], None]


class Converter:
    """Converts for one repository. Several converters on one database share the work: each claims a batch under a lease."""

    def __init__(
        self,
        database: Database,
        inventory: Inventory,
        repository: Repository,
        store_url: str,
        limits: ConversionLimits = ConversionLimits(),  # noqa: B008  # frozen
    ) -> None:
        self._database, self._inventory, self._repository = database, inventory, repository
        self._store = open_store(store_url)
        self._limits = limits

    def run(self, stop: Callable[[], bool], progress: Progress | None = None) -> None:
        """Convert until ``stop`` says so; what is away is waited for."""
        while not stop():
            try:
                if not self.step(progress, stop):
                    time.sleep(IDLE_S)
            except FarmError as error:
                log.warning("%s; trying again", error)
                time.sleep(4 * IDLE_S)

    def step(self, progress: Progress | None = None, stop: Callable[[], bool] = lambda: False) -> bool:
        """Convert one batch, or as much of it as is done when ``stop`` says so; ``False`` where nothing was queued."""
        with self._database.write() as session:
            claimed = _claim(session, self._lease(), datetime.now(UTC))
        if not claimed:
            return False
        try:
            with tempfile.TemporaryDirectory(prefix="farm-conversion-") as folder:
                self._convert(claimed, Path(folder), progress, stop)
        finally:
            _give_back(self._database, claimed)
        return True

    def _convert(
        self, claimed: list[Conversion], folder: Path, progress: Progress | None, stop: Callable[[], bool]
    ) -> None:
        try:
            source = CommitSource(self._repository, claimed[0].commit).export(folder / "source")
        except FarmError as error:
            for conversion in claimed:
                self._failed(conversion, Outcome.PRECLUDED, Cause.INFRA, str(error), 0.0)
            return
        by_key = {f"{c.architecture.kind}:{c.architecture.name}": c for c in claimed}
        items = {key: self._item(key, conversion, folder) for key, conversion in by_key.items()}
        with contextlib.closing(convert_items(source, list(items.values()), self._limits)) as events:
            for event in events:
                if isinstance(event, Result):
                    self._record(by_key[event.key], event, items[event.key])
                _renew(self._database, claimed, self._lease())
                if progress:
                    progress(event)
                if stop():
                    return

    def _lease(self) -> timedelta:
        """Longer than any silence of a converter that lives: it renews its lease at every event."""
        return timedelta(seconds=self._limits.time_s + LEASE_MARGIN_S)

    def _item(self, key: str, conversion: Conversion, folder: Path) -> Item:
        architecture = conversion.architecture
        with self._database.read() as session:
            snapshot = session.get_one(Snapshot, (conversion.commit, conversion.architecture_id))
        return Item(
            key=key,
            kind=architecture.kind,
            target=architecture_target(self._inventory, architecture.kind, architecture.name),
            folder=str(folder / "bundles" / key.replace(":", "-")),
            commit=conversion.commit,
            closure=snapshot.closure,
        )

    def _record(self, conversion: Conversion, result: Result, item: Item) -> None:
        if result.outcome is not None:
            self._failed(conversion, result.outcome, result.cause, result.message, result.seconds)
            return
        folder = Path(item.folder)
        try:
            bundle = read_bundle(folder)
            manifest = push_bundle(self._store, folder)
        except ArtifactError as error:
            raise InfrastructureError(f"the artifact store took no bundle: {error}") from error
        now = datetime.now(UTC)
        with self._database.write() as session:
            row = session.get_one(Conversion, conversion.id)
            row.state, row.seconds, row.outcome, row.cause, row.message = DONE, result.seconds, None, None, ""
            identity = record_bundle(session, bundle, manifest, now)
            session.get_one(Snapshot, (row.commit, row.architecture_id)).bundle = identity
            submission = session.get_one(Submission, row.submission_id)
            want_verdicts(session, self._inventory, submission, row.architecture_id, identity, row.priority, now)
            record_event(session, "converted", item.key, now, bundle=identity, commit=row.commit)
        shutil.rmtree(folder)

    def _failed(self, conversion: Conversion, outcome: Outcome, cause: Cause, message: str, seconds: float) -> None:
        with self._database.write() as session:
            row = session.get_one(Conversion, conversion.id)
            row.state, row.seconds = FAILED, seconds
            row.outcome, row.cause, row.message = outcome, cause, clipped(message, MAX_MESSAGE)
            subject = f"{row.architecture.kind}:{row.architecture.name}"
            record_event(session, "not converted", subject, datetime.now(UTC), outcome=outcome, commit=row.commit)


def record_bundle(session: Session, bundle: BundleValue, manifest: str, now: datetime) -> str:
    """The bundle's row, made where it is new; returns its identity."""
    said = bundle.manifest
    identity = str(said.identity)
    if session.get(Bundle, identity) is None:
        session.add(
            Bundle(
                identity=identity,
                graph=said.identity.graph,
                weights=said.identity.weights,
                samples=said.identity.samples,
                manifest=manifest,
                size_bytes=sum(entry.size for entry in said.files.values()),
                parts=dict(said.parts),
                layers=list(said.layers),
                ops=sorted({node.op for node in bundle.graph.nodes}),
                toolchain=dict(said.toolchain),
                created=now,
                sample_rows=[Sample(name=s.name, position=i) for i, s in enumerate(bundle.samples)],
            )
        )
        session.flush()
    return identity


def _renew(database: Database, claimed: Sequence[Conversion], lease: timedelta) -> None:
    with database.write() as session:
        session.execute(
            update(Conversion)
            .where(Conversion.id.in_([c.id for c in claimed]), Conversion.state == RUNNING)
            .values(lease_until=datetime.now(UTC) + lease)
        )


def _give_back(database: Database, claimed: Sequence[Conversion]) -> None:
    """Queue again what was claimed and not done."""
    with database.write() as session:
        session.execute(
            update(Conversion)
            .where(Conversion.id.in_([c.id for c in claimed]), Conversion.state == RUNNING)
            .values(state=QUEUED)
        )


def _claim(session: Session, lease: timedelta, now: datetime) -> list[Conversion]:
    """Up to a batch of one commit's conversions that are queued, or whose converter has not come back."""
    free = or_(Conversion.state == QUEUED, (Conversion.state == RUNNING) & (Conversion.lease_until < now))
    query = select(Conversion).where(free).order_by(Conversion.priority, Conversion.id)
    # Rows that another converter is claiming at this moment are its own (PostgreSQL; SQLite has one writer).
    candidates = session.scalars(query.limit(BATCH * 4).with_for_update(skip_locked=True)).all()
    claimed = [c for c in candidates if c.commit == candidates[0].commit][:BATCH]
    for conversion in claimed:
        conversion.state, conversion.lease_until = RUNNING, now + lease
        _ = conversion.architecture  # loaded now: it is read after the session ends
    return claimed
