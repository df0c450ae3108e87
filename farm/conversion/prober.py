"""Samples for probes: the graph and weights of a bundle that is PARTIAL on a device type, at sizes that tell more.

They are made as any others, from the same commit, with golden outputs by torch; the graph and weights must come out as before.
As repeats, probes are what a converter does when nothing waits to be converted.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import to_builtins
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.clock import utc_now
from farm.conditions.choose import choose_sizes
from farm.conditions.measure import FixedSizesError, Measured
from farm.conditions.sizes import Size
from farm.conversion.bundle_row import record_bundle
from farm.conversion.items import recorded_items
from farm.conversion.keeping import Keeper
from farm.conversion.repeater import NICENESS
from farm.conversion.repeats import conversion_waits
from farm.conversion.runner import ConversionLimits, Surroundings, convert_items
from farm.conversion.scratch import CONVERSIONS
from farm.conversion.source import CommitSource
from farm.conversion.wire import Item, Result
from farm.coordinator.order import IDLE
from farm.database.claims import BATCH, Claims
from farm.database.engine import Database
from farm.database.models import Bundle, Job, Probe
from farm.database.records import MAX_MESSAGE, clipped, record_event
from farm.errors import FarmError
from farm.git import Repository
from farm.inventory import Inventory
from farm.states.conversions import ConversionState
from farm.states.jobs import OPEN_JOBS, JobState
from farm.verdicts.probes import claim_probes, earlier, observed, probe_waits, subject_of
from mcore.platform.errors import FormatError
from mcore.platform.format import read_bundle
from workers.artifacts import ArtifactError, ArtifactStore, fetch_bundle

if TYPE_CHECKING:
    from mcore.platform.bundle import Bundle as BundleValue
    from mcore.platform.bundle import Identity

log = logging.getLogger("farm.converter")
NOTHING_TO_TELL = "no further size would tell more"


@dataclass(frozen=True, slots=True)
class Probed:
    """The end of a converter's part of a probe: the sizes whose samples were made, or why none were."""

    key: str
    sizes: tuple[Size, ...]
    message: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Plan:
    """A probe to be carried out: the sizes of the bundle's own samples, and those to be tried."""

    probe: Probe
    item: Item
    identity: Identity
    known: tuple[Size, ...]
    sizes: tuple[Size, ...]


Told = Callable[[Probed], None]


class Prober:
    """Makes the samples of queued probes, for a converter that has its store open."""

    def __init__(
        self,
        database: Database,
        inventory: Inventory,
        repository: Repository,
        store: ArtifactStore,
        keeper: Keeper,
        limits: ConversionLimits,
    ) -> None:
        self._database, self._inventory, self._repository = database, inventory, repository
        self._store, self._keeper, self._limits = store, keeper, limits
        self._claims = Claims(database, Probe, limits.time_s)

    def step(self, stop: Callable[[], bool], told: Told = lambda _: None) -> bool:
        """Make the samples of one batch, or of as much of it as is done when ``stop`` says so or a conversion waits; ``False``
        without any.

        Raises:
            InfrastructureError: the database cannot be used.
        """
        with self._database.read() as session:
            if not probe_waits(session, utc_now()):  # so that an idle converter takes nobody's turn
                return False
        with self._database.write(in_turn=True) as session:
            claimed = claim_probes(session, self._claims.lease, utc_now(), BATCH)
        if not claimed:
            return False

        def broken_off(error: Exception) -> None:
            for probe in claimed:
                self._end(probe, ConversionState.FAILED, f"{type(error).__name__}: {error}")

        with self._claims.working_on(claimed, broken_off), CONVERSIONS.folder() as folder:
            plans = []
            for place, probe in enumerate(claimed):
                plan = self._plan(probe, folder / str(place))
                plans += [plan] if isinstance(plan, _Plan) else []
                if isinstance(plan, Probed):
                    told(plan)
            if plans:
                self._convert(plans, folder, stop, told)
        return True

    def _plan(self, probe: Probe, folder: Path) -> _Plan | Probed:
        """What is to be converted, or the end of a probe that has nothing to try."""
        try:
            with self._database.read() as session:
                manifest = session.get_one(Bundle, probe.bundle).manifest
            first = read_bundle(fetch_bundle(self._store, manifest, folder / "first"))
            measured = Measured(first)
        except FixedSizesError as error:
            return self._end(probe, ConversionState.DONE, f"the network takes no other sizes: {error}")
        except (ArtifactError, FormatError) as error:
            return self._end(probe, ConversionState.FAILED, f"the bundle cannot be read: {error}")
        sizes = self._chosen(probe, measured)
        if not sizes:
            return self._end(probe, ConversionState.DONE, NOTHING_TO_TELL)
        with self._database.read() as session:
            (item,) = recorded_items(session, self._inventory, {"": probe}, folder).values()
        item = replace(item, further=[(size.batch, size.height, size.width) for size in sizes])
        return _Plan(probe, item, first.manifest.identity, tuple(measured.samples.values()), sizes)

    def _convert(self, plans: Sequence[_Plan], folder: Path, stop: Callable[[], bool], told: Told) -> None:
        probes = [plan.probe for plan in plans]
        try:
            source = CommitSource(self._repository, probes[0].commit).export(folder / "source")
        except FarmError as error:
            for probe in probes:
                told(self._end(probe, ConversionState.FAILED, str(error)))
            return

        def make_way() -> bool:
            return stop() or self._conversion_waits()

        surroundings = Surroundings(niceness=NICENESS)
        events = convert_items(source, [plan.item for plan in plans], self._limits, make_way, surroundings)
        waiting = iter(plans)  # results come in the order of the items, of which two may have one key
        with contextlib.closing(events):
            for event in events:
                if isinstance(event, Result):
                    told(self._record(next(waiting), event))
                self._claims.renew(probes)

    def _chosen(self, probe: Probe, measured: Measured) -> tuple[Size, ...]:
        with self._database.read() as session:
            known = observed(session, subject_of(probe), earlier(session, probe), measured.samples)
        seen = known.get(probe.stack, [])
        return choose_sizes(seen, measured.legal) if seen else ()

    def _record(self, plan: _Plan, result: Result) -> Probed:
        probe, folder = plan.probe, Path(plan.item.folder)
        if result.outcome is not None:
            said = f"no samples: {result.outcome}: {result.message}"
            return self._end(probe, ConversionState.FAILED, said, result.seconds)
        try:
            made = read_bundle(folder)
            if difference := _difference(plan.identity, made.manifest.identity):
                return self._end(probe, ConversionState.FAILED, difference, result.seconds)
            self._keeper.keep(
                made, folder, lambda session, manifest: self._enter(session, plan, made, manifest, result.seconds)
            )
        except (ArtifactError, FormatError) as error:
            return self._end(probe, ConversionState.FAILED, str(error), result.seconds)
        shutil.rmtree(folder)
        return Probed(probe.architecture.key, plan.sizes, "", result.seconds)

    def _enter(self, session: Session, plan: _Plan, made: BundleValue, manifest: str, seconds: float) -> None:
        row = session.get_one(Probe, plan.probe.id)
        if row.state != ConversionState.RUNNING:
            return  # it was cancelled meanwhile, or another converter has it
        now = utc_now()
        row.state, row.seconds = ConversionState.DONE, seconds
        row.sizes = to_builtins((*plan.known, *plan.sizes))
        row.made = record_bundle(session, made, manifest, now)
        subject = subject_of(row)._replace(bundle=row.made)
        if session.scalar(select(Job.id).filter_by(**subject._asdict()).where(Job.state.in_(OPEN_JOBS))):
            row.message = "these very samples are under test already"
            return
        session.add(
            Job(
                **subject._asdict(),
                submission_id=row.submission_id,
                architecture_id=row.architecture_id,
                state=JobState.QUEUED,
                priority=IDLE,
                created=now,
                since=now,
                probe_id=row.id,
            )
        )
        record_event(session, "probed", row.architecture.key, now, bundle=row.bundle, made=row.made, round=row.round)

    def _conversion_waits(self) -> bool:
        with self._database.read() as session:
            return conversion_waits(session)

    def _end(self, probe: Probe, state: ConversionState, why: str, seconds: float = 0.0) -> Probed:
        """It ended without samples."""
        with self._database.write() as session:
            if self._claims.move(session, [probe], state):
                row = session.get_one(Probe, probe.id)
                row.message, row.seconds = clipped(why, MAX_MESSAGE), seconds
                record_event(
                    session, "not probed", probe.architecture.key, utc_now(), commit=probe.commit, why=row.message
                )
        if state is ConversionState.FAILED:
            log.warning("%s was not probed: %s", probe.architecture.key, why)
        return Probed(probe.architecture.key, (), why, seconds)


def _difference(before: Identity, now: Identity) -> str:
    """What is not as it was in the first bundle, though only its samples may be."""
    parts = {"graph": before.graph != now.graph, "weights": before.weights != now.weights}
    changed = " and ".join(part for part, differs in parts.items() if differs)
    return f"with samples at these sizes, the bundle has another {changed}" if changed else ""
