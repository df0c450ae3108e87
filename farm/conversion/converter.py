"""The converter: takes queued conversions from the database, converts them, keeps the bundles, and queues their jobs."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.clock import utc_now
from farm.conversion.bundle_row import record_bundle
from farm.conversion.items import recorded_items
from farm.conversion.keeping import Keeper
from farm.conversion.prober import Probed, Prober
from farm.conversion.repeater import Repeated, Repeater
from farm.conversion.repeats import drop_repeats, is_in_doubt
from farm.conversion.runner import ConversionLimits, convert_items
from farm.conversion.scratch import CONVERSIONS
from farm.conversion.source import CommitSource
from farm.conversion.wire import Begun, Item, Result
from farm.coordinator.jobs import want_verdicts
from farm.coordinator.order import TURN, passed_over
from farm.coordinator.supersession import supersede_late
from farm.database.claims import BATCH, Claims, claimable
from farm.database.clocks import check_clocks
from farm.database.engine import Database
from farm.database.models import Conversion, Snapshot, Submission
from farm.database.records import MAX_MESSAGE, clipped, record_event
from farm.errors import FarmError, InfrastructureError, UsageError
from farm.extras import require_torch
from farm.failpoints import failpoint
from farm.git import Repository
from farm.inventory import Inventory
from farm.regressions.follow import follow_commit, follow_refusal
from farm.states.conversions import DROPPED_CONVERSIONS, ConversionState
from mcore.platform.errors import FormatError
from mcore.platform.format import read_bundle
from workers.artifacts import ArtifactError, open_store
from workers.outcome import Cause, Group, Outcome

if TYPE_CHECKING:
    from mcore.platform.bundle import Bundle as BundleValue

log = logging.getLogger("farm.converter")
IDLE_S = 0.5
CLOCKS_EVERY_S = 10.0

Progress = Callable[[Begun | Result | Repeated | Probed], None]


class Converter:
    """Converts for one repository. Several converters on one database share the work: each claims a batch under a lease.

    Args:
        patient: a store that is away, or takes nothing at all, is waited for. Without, conversions then fail: who asked for
            them waits for this very process.

    Raises:
        UsageError: no artifact store is known by ``store_url``.
        InfrastructureError: torch is not installed.
    """

    def __init__(
        self,
        database: Database,
        inventory: Inventory,
        repository: Repository,
        store_url: str,
        limits: ConversionLimits = ConversionLimits(),  # noqa: B008  # frozen
        *,
        patient: bool = False,
    ) -> None:
        require_torch()
        self._database, self._inventory, self._repository = database, inventory, repository
        self._limits, self._claims = limits, Claims(database, Conversion, limits.time_s)
        self._patient, self._store_made, self._next_look = patient, False, 0.0
        try:
            self._store = open_store(store_url)
        except ValueError as error:
            raise UsageError(f"FARM_STORE_URL: {error}") from None
        self._keeper = Keeper(database, self._store)
        self._repeater = Repeater(database, inventory, repository, self._store, limits)
        self._prober = Prober(database, inventory, repository, self._store, self._keeper, limits)

    def run(self, stop: Callable[[], bool], progress: Progress | None = None) -> None:
        """Convert until ``stop`` says so; what is away is waited for."""
        CONVERSIONS.remove_leftovers()
        while not stop():
            try:
                self._look_at_clocks()
                self._make_store()
                if not self.step(progress, stop):
                    time.sleep(IDLE_S)
            except FarmError as error:
                log.warning("%s; trying again", error)
                time.sleep(4 * IDLE_S)

    def _look_at_clocks(self) -> None:
        if self._patient and time.monotonic() >= self._next_look:
            check_clocks(self._database)
            self._next_look = time.monotonic() + CLOCKS_EVERY_S

    def _make_store(self) -> None:
        if self._store_made:
            return
        try:
            self._keeper.begin()
        except ArtifactError as error:
            if self._patient:
                raise InfrastructureError(f"nothing is converted: {error}") from None
            log.warning("%s", error)  # a bundle that it does not take says so again
        self._store_made = True

    def step(self, progress: Progress | None = None, stop: Callable[[], bool] = lambda: False) -> bool:
        """Convert one batch, or as much of it as is done when ``stop`` says so; repeat one where nothing waits to be converted,
        or make the samples of a probe where there is nothing to repeat either.

        ``False`` where there was nothing to do at all.

        Raises:
            InfrastructureError: the database cannot be used.
        """
        with self._database.write(in_turn=True) as session:
            claimed = _claim(session, self._claims.lease, utc_now())
        if not claimed:
            return self._repeater.step(stop, progress) or self._prober.step(stop, progress or (lambda _: None))
        failpoint("convert.claimed")
        with (
            self._claims.working_on(claimed, lambda error: self._broken_off(claimed, error)),
            CONVERSIONS.folder() as folder,
        ):
            self._convert(claimed, folder, progress, stop)
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
        by_key = {c.architecture.key: c for c in claimed}
        with self._database.read() as session:
            items = recorded_items(session, self._inventory, by_key, folder / "bundles")
        with contextlib.closing(convert_items(source, list(items.values()), self._limits, stop)) as events:
            for event in events:
                if isinstance(event, Result):
                    event = self._record(by_key[event.key], event, items[event.key])
                    _log(by_key[event.key], event)
                self._claims.renew(claimed)
                if progress:
                    progress(event)

    def _record(self, conversion: Conversion, result: Result, item: Item) -> Result:
        """Keep what a result says, and its bundle; returns the result as it was recorded."""
        if result.outcome is not None:
            self._failed(conversion, result.outcome, result.cause, result.message, result.seconds)
            return result
        folder = Path(item.folder)
        try:
            bundle = read_bundle(folder)
            self._keeper.keep(
                bundle,
                folder,
                lambda session, manifest: self._enter(session, conversion, bundle, manifest, item, result),
            )
        except ArtifactError as error:
            what = f"the artifact store took no bundle: {error}"
            self._store_made = False
            self._make_store()  # one that takes nothing at all is waited for
            lost = replace(result, outcome=Outcome.INFRA_ERROR, cause=Cause.INFRA, message=what)
            return self._record(conversion, lost, item)
        except FormatError as error:
            what = f"the bundle that was written cannot be read: {error}"
            lost = replace(result, outcome=Outcome.HARNESS_ERROR, cause=Cause.CONVERTER, message=what)
            return self._record(conversion, lost, item)
        failpoint("convert.recorded")
        shutil.rmtree(folder)
        return result

    def _enter(
        self, session: Session, conversion: Conversion, bundle: BundleValue, manifest: str, item: Item, result: Result
    ) -> None:
        now = utc_now()
        row = session.get_one(Conversion, conversion.id)
        if row.state in DROPPED_CONVERSIONS:
            return  # it was cancelled meanwhile
        row.state, row.seconds = ConversionState.DONE, result.seconds
        row.outcome, row.cause, row.message = None, None, ""
        identity = record_bundle(session, bundle, manifest, now)
        session.get_one(Snapshot, (row.commit, row.architecture_id)).bundle = identity
        submission = session.get_one(Submission, row.submission_id)
        inherit = not is_in_doubt(session, row.architecture_id)
        want_verdicts(
            session, self._inventory, submission, row.architecture_id, identity, row.priority, now, inherit=inherit
        )
        supersede_late(session, submission, row.architecture_id, now)
        follow_commit(session, row.commit, submission.branch or row.commit, [row.architecture_id], now)
        record_event(session, "converted", item.key, now, bundle=identity, commit=row.commit)

    def _failed(self, conversion: Conversion, outcome: Outcome, cause: Cause, message: str, seconds: float) -> None:
        with self._database.write(in_turn=True) as session:
            row = session.get_one(Conversion, conversion.id)
            if row.state in (ConversionState.DONE, *DROPPED_CONVERSIONS):
                return  # the lease had run out, and another converter had more luck; or it was cancelled meanwhile
            row.state, row.seconds = ConversionState.FAILED, seconds
            row.outcome, row.cause, row.message = outcome, cause, clipped(message, MAX_MESSAGE)
            # A bundle of an earlier conversion must not stand in for the one that was asked for.
            session.get_one(Snapshot, (row.commit, row.architecture_id)).bundle = None
            at = utc_now()
            record_event(session, "not converted", row.architecture.key, at, outcome=outcome, commit=row.commit)
            drop_repeats(session, self._inventory, row)
            if outcome.group is Group.PRODUCT:
                follow_refusal(session, row.architecture_id, at)

    def _broken_off(self, claimed: Sequence[Conversion], error: Exception) -> None:
        outcome, cause = Outcome.HARNESS_ERROR, Cause.CONVERTER
        if isinstance(error, OSError):
            outcome, cause = Outcome.INFRA_ERROR, Cause.INFRA
        with self._database.read() as session:
            mine = Conversion.id.in_([c.id for c in claimed])
            left = session.scalars(select(Conversion.id).where(mine, Conversion.state == ConversionState.RUNNING)).all()
        for conversion in claimed:
            if conversion.id in left:
                self._failed(conversion, outcome, cause, f"{type(error).__name__}: {error}", 0.0)


def _claim(session: Session, lease: timedelta, now: datetime) -> list[Conversion]:
    """Up to a batch of one commit's conversions that are queued, or whose converter has not come back.

    The commit is that of the most urgent one; in every fifth batch, that of the oldest (:mod:`farm.coordinator.order`).
    """
    free = claimable(Conversion, now)
    waiting = select(Conversion).join(Submission, Conversion.submission_id == Submission.id).where(free)
    first = session.scalar(waiting.order_by(Conversion.priority, Conversion.id).limit(1))
    if first is None:
        return []
    oldest = session.execute(
        waiting.add_columns(Submission.created)
        .order_by(Submission.created, Conversion.priority, Conversion.id)
        .limit(1)
    ).one()  # fmt: skip
    if passed_over(oldest.created, _claimed_last(session)):
        first = oldest.Conversion
    batch = select(Conversion).where(free, Conversion.commit == first.commit)
    claimed = session.scalars(
        batch.order_by(Conversion.id != first.id, Conversion.priority, Conversion.id).limit(BATCH)
    ).all()
    for conversion in claimed:
        conversion.state, conversion.claimed, conversion.lease_until = ConversionState.RUNNING, now, now + lease
        _ = conversion.architecture  # loaded now: it is read after the session ends
    return list(claimed)


def _claimed_last(session: Session) -> Sequence[datetime]:
    """When that was submitted which was claimed last, batch by batch, the last one first."""
    query = (
        select(func.min(Submission.created))
        .join(Conversion, Conversion.submission_id == Submission.id)
        .where(Conversion.claimed.is_not(None))
        .group_by(Conversion.claimed)
        .order_by(Conversion.claimed.desc())
        .limit(TURN - 1)
    )
    return session.scalars(query).all()


def _log(conversion: Conversion, result: Result) -> None:
    end = f"{result.outcome}: {result.message}" if result.outcome else "converted"
    about = {"submission": conversion.submission_id, "architecture": conversion.architecture.key}
    log.info("%s %s (%.1f s)", conversion.architecture.key, end, result.seconds, extra=about)
