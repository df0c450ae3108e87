"""One collection: the store, and on this machine the cache and the folders of killed converters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from farm.collection.collect import Collected, collect
from farm.collection.needed import Retention
from farm.conversion.scratch import CONVERSIONS
from farm.database.engine import Database
from farm.errors import InfrastructureError
from workers.artifacts import ArtifactStore
from workers.artifacts.cache import evict, forget
from workers.artifacts.scratch import Leftovers


@dataclass(frozen=True, slots=True)
class Garbage:
    """What went, or would go."""

    store: Collected
    cache_entries: int
    cache_bytes: int
    scratch: Leftovers

    @property
    def bytes_freed(self) -> int:
        """On all disks together."""
        return (
            self.store.removed.size_bytes + self.store.leftovers.size_bytes + self.cache_bytes + self.scratch.size_bytes
        )


def collect_here(
    database: Database,
    store: ArtifactStore,
    cache: Path,
    cache_limit_bytes: int,
    retention: Retention,
    now: datetime,
    *,
    dry_run: bool,
) -> Garbage:
    """Collect in ``store``, and in the ``cache`` of this machine what was not used for as long as commits are kept.

    Raises:
        UsageError, InfrastructureError: as :func:`~farm.collection.collect.collect` does; or the cache cannot be used.
    """
    collected = collect(database, store, retention, now, dry_run=dry_run)
    try:
        entries, freed = forget(
            cache,
            files_before=(now - retention.grace).timestamp(),
            bundles_before=(now - max(retention.grace, timedelta(days=retention.days))).timestamp(),
            dry_run=dry_run,
        )
        if not dry_run:
            freed += evict(cache, limit_bytes=cache_limit_bytes)
    except OSError as error:
        raise InfrastructureError(f"the bundle cache {cache} cannot be used: {error}") from error
    return Garbage(collected, entries, freed, CONVERSIONS.remove_leftovers(dry_run=dry_run))
