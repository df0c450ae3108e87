"""The determinism guard: converts again, in another process with another hash seed, and compares.

Repeats are what a converter does when it has nothing else to do: they begin when no conversion waits, their child process makes
way for the machine's others, and one that is under way is given up, and queued again, as soon as a conversion waits.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from farm.clock import utc_now
from farm.conversion.items import recorded_items
from farm.conversion.repeats import claim_repeats, conversion_waits, record_repeat
from farm.conversion.runner import ConversionLimits, Surroundings, convert_items
from farm.conversion.scratch import CONVERSIONS
from farm.conversion.source import CommitSource
from farm.conversion.wire import Item, Result
from farm.database.claims import BATCH, Claims
from farm.database.engine import Database
from farm.database.models import Bundle, Repeat
from farm.database.records import record_event
from farm.errors import FarmError
from farm.git import Repository
from farm.inventory import Inventory
from farm.states.conversions import ConversionState
from mcore.platform.errors import FormatError
from mcore.platform.format import read_bundle, read_manifest
from mcore.platform.format.difference import first_difference
from workers.artifacts import ArtifactError, ArtifactStore, fetch_bundle

log = logging.getLogger("farm.converter")
NICENESS = 10


@dataclass(frozen=True, slots=True)
class Repeated:
    """The end of a repeat: where the bundle first differs from the first one, ``None`` where it does not."""

    key: str
    difference: str | None
    seconds: float


Told = Callable[[Repeated], None]


class Repeater:
    """Carries out the queued repeats of one repository, for a converter that has its store open."""

    def __init__(
        self,
        database: Database,
        inventory: Inventory,
        repository: Repository,
        store: ArtifactStore,
        limits: ConversionLimits,
    ) -> None:
        self._database, self._inventory, self._repository = database, inventory, repository
        self._store, self._limits = store, limits
        self._claims = Claims(database, Repeat, limits.time_s)

    def step(self, stop: Callable[[], bool], told: Told | None = None) -> bool:
        """Carry out one batch, or as much of it as is done when ``stop`` says so or a conversion waits; ``False`` without any.

        Raises:
            InfrastructureError: the database cannot be used.
        """
        with self._database.write(in_turn=True) as session:
            claimed = claim_repeats(session, self._claims.lease, utc_now(), BATCH)
        if not claimed:
            return False
        rows = {repeat.conversion.architecture.key: repeat for repeat, _ in claimed}
        bundles = {repeat.conversion.architecture.key: bundle for repeat, bundle in claimed}

        def broken_off(error: Exception) -> None:
            self._gave_nothing(list(rows.values()), f"{type(error).__name__}: {error}")

        with self._claims.working_on(list(rows.values()), broken_off), CONVERSIONS.folder() as folder:
            self._repeat(rows, bundles, folder, stop, told)
        return True

    def _repeat(
        self,
        rows: dict[str, Repeat],
        bundles: dict[str, str],
        folder: Path,
        stop: Callable[[], bool],
        told: Told | None,
    ) -> None:
        first = next(iter(rows.values()))
        try:
            source = CommitSource(self._repository, first.conversion.commit).export(folder / "source")
        except FarmError as error:
            self._gave_nothing(list(rows.values()), str(error))
            return
        with self._database.read() as session:
            conversions = {key: repeat.conversion for key, repeat in rows.items()}
            items = recorded_items(session, self._inventory, conversions, folder / "again")
        surroundings = Surroundings(first.hash_seed, NICENESS)

        def make_way() -> bool:
            return stop() or self._conversion_waits()

        events = convert_items(source, list(items.values()), self._limits, make_way, surroundings)
        with contextlib.closing(events):
            for event in events:
                if isinstance(event, Result):
                    self._record(rows[event.key], bundles[event.key], event, items[event.key], folder, told)
                self._claims.renew(list(rows.values()))

    def _record(self, repeat: Repeat, bundle: str, result: Result, item: Item, folder: Path, told: Told | None) -> None:
        if not result.telling:
            self._gave_nothing([repeat], f"{result.outcome}: {result.message}")
            return
        if result.outcome is not None:
            difference: str | None = f"{result.outcome} the second time: {result.message}"
        else:
            try:
                difference = self._difference(bundle, Path(item.folder), folder / "first")
            except FormatError as error:
                self._gave_nothing([repeat], str(error))
                return
        with self._database.write(in_turn=True) as session:
            record_repeat(session, repeat.id, difference, result.seconds, utc_now())
        if told:
            told(Repeated(item.key, difference, result.seconds))

    def _difference(self, bundle: str, folder: Path, cache: Path) -> str | None:
        """Where what was made again first differs; that it does, its identity says, also where the first one is lost."""
        if str(read_manifest(folder).identity) == bundle:
            return None
        again = read_bundle(folder)
        with self._database.read() as session:
            manifest = session.get_one(Bundle, bundle).manifest
        try:
            first = read_bundle(fetch_bundle(self._store, manifest, cache))
        except (ArtifactError, FormatError) as error:
            return f"their identities; the first bundle cannot be read: {error}"
        return first_difference(first, again) or "their identities"

    def _conversion_waits(self) -> bool:
        with self._database.read() as session:
            return conversion_waits(session)

    def _gave_nothing(self, repeats: list[Repeat], why: str) -> None:
        """They ended, and nothing is known by them."""
        with self._database.write() as session:
            ended = self._claims.move(session, repeats, ConversionState.FAILED)
            for repeat in (r for r in repeats if r.id in ended):  # others of the batch may have come to a good end
                log.warning("%s was not repeated: %s", repeat.conversion.architecture.key, why)
                commit, at = repeat.conversion.commit, utc_now()
                record_event(session, "not repeated", repeat.conversion.architecture.key, at, commit=commit, why=why)
