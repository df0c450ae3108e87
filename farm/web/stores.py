"""What pages read from besides the database: the artifact store, the code of commits, the store of checkpoints."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from farm.details.source_map import Origin, read_origin
from farm.errors import InfrastructureError, NotFoundError
from farm.git import Repository
from farm.inventory import Inventory
from farm.planning.plan import SourceReader
from farm.planning.state_cache import StateCache
from farm.settings import Settings, user_cache
from farm.source.closure import Closure
from farm.source.errors import SourceError
from mcore.checkpoints import Checkpoint, CheckpointError, CheckpointNotFoundError, CheckpointStore, FilterError, where
from mcore.checkpoints.filters import Query, parse
from mcore.checkpoints.matching import has_checkpoints
from mcore.checkpoints.store import ROOT_VARIABLE
from workers.artifacts import open_store

#: Origins of bundles, and states of the repository, that are kept: what was read of one does not change.
ORIGINS, STATES = 256, 2
#: Checkpoints among which a near one is looked for, the newest.
NEAR = 200

K = TypeVar("K")
V = TypeVar("V")


class Stores:
    """Opened when they are needed.

    Args:
        settings: of the repository.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = threading.Lock()
        self._origins: OrderedDict[tuple[str, str, str], Origin] = OrderedDict()
        self._closures: OrderedDict[str, dict[str, Closure]] = OrderedDict()

    def origin(self, inventory: Inventory, manifest: str, architecture: str, revision: str | None) -> Origin:
        """Where a bundle comes from; what hinders it is said in place of it.

        Args:
            inventory: names the catalogue.
            manifest: sha256 of the bundle's.
            architecture: its key.
            revision: the commit whose code defines its layers; ``None`` where that is no commit.
        """
        key = (manifest, architecture, revision or "")
        with self._turn:  # who asks for the same at the same time finds what the first one has read
            if key not in self._origins:
                closure = self._closures_at(inventory, revision).get(architecture) if revision else None
                found = self._read(manifest, closure)
                if found.problem:
                    return found  # which may be mended
                _keep(self._origins, key, found, ORIGINS)
            self._origins.move_to_end(key)
            return self._origins[key]

    def _read(self, manifest: str, closure: Closure | None) -> Origin:
        try:
            store = open_store(self._settings.store_url)
        except ValueError as error:
            return Origin(problem=f"FARM_STORE_URL: {error}")
        return read_origin(store, manifest, closure)

    def _closures_at(self, inventory: Inventory, revision: str) -> dict[str, Closure]:
        """By key of the architecture; empty where the repository does not have the commit any more."""
        if revision not in self._closures:
            try:
                repository = Repository.find(self._settings.repository)
                found = SourceReader(repository, inventory, StateCache(user_cache() / "selection")).closures_at(
                    revision
                )
            except SourceError:
                found = {}
            _keep(self._closures, revision, {a.key: closure for a, closure in found.items()}, STATES)
        self._closures.move_to_end(revision)
        return self._closures[revision]

    def checkpoint(self, asked: str) -> tuple[Checkpoint, Path]:
        """A checkpoint by its id, or the beginning of it, and its metadata file.

        Raises:
            NotFoundError: there is none; suggests near ids.
            InfrastructureError: the store cannot be used.
        """
        with self._checkpoints() as store:
            if store is None:
                raise NotFoundError("checkpoint", asked)
            try:
                found = store.get(asked)
            except CheckpointNotFoundError:
                newest = [each.id for each in store.search(Query(limit=NEAR))]
                raise NotFoundError("checkpoint", asked, newest) from None
            return found, store.metadata_file(found)

    def search(self, text: str, most: int) -> list[Checkpoint] | None:
        """The checkpoints that a filter finds, ``most`` at most; ``None`` where there is no store.

        Raises:
            FilterError: it does not parse; with the column.
            InfrastructureError: the store cannot be used.
        """
        with self._checkpoints() as store:
            return None if store is None else store.search(_limited(text, most))[:most]

    def of_network(self, kind: str, name: str, most: int) -> list[Checkpoint] | None:
        """The newest checkpoints of a network or backbone; otherwise as :meth:`search`."""
        with self._checkpoints() as store:
            mine = (where.kind == kind) & (where.network == name)
            return None if store is None else store.search(Query(mine, limit=most))

    @contextmanager
    def _checkpoints(self) -> Iterator[CheckpointStore | None]:
        """The configured store; none is made where nothing was ever saved."""
        root = os.environ.get(ROOT_VARIABLE)
        if not root or not has_checkpoints(Path(root)):
            yield None
            return
        try:
            with CheckpointStore.configured() as store:
                yield store
        except FilterError:
            raise
        except CheckpointError as error:
            raise InfrastructureError(str(error)) from None


def _limited(text: str, most: int) -> str:
    """The filter, and a limit where it has none: an answer has an end. What comes before it stays in its columns."""
    try:
        limited = parse(text).limit is not None
    except FilterError:
        return text
    return text if limited else f"{text} limit {most}"


def _keep(kept: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)
