"""Removing from the artifact store what no bundle needs, while everything else goes on.

The order, and why nobody is robbed:

1. *Condemn.* In a transaction that overlaps with no submission and no recording of a conversion, bundles that nobody needs are
   marked as collected. From then on a submission that would have one replayed converts it anew. A job is only ever made in such
   a transaction, for a bundle that is not so marked; so no job, and no attempt, wants what is marked.
2. *List* the store, with the age of every artifact.
3. *Mark* what bundles that are not collected need. A bundle that was recorded before step 2 is found here.
4. *Sweep* in batches what was listed, is needed by none, and is older than the grace period. Each batch is a transaction that
   overlaps with no recording of a conversion, and marks anew. A converter that records its bundle before the batch is so
   found; one that records it afterwards looks in its own transaction whether all artifacts are there, and puts again what went.

A collection that is killed leaves bundles that are marked and still there: they are swept by the next one. Nothing else is
ever removed: names that are none of the store's are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from farm.collection.needed import Retention, needed_artifacts, unlisted_bundles, unneeded_bundles
from farm.database.engine import Database
from farm.database.models import Installation
from farm.database.records import record_event
from farm.errors import InfrastructureError, UsageError
from farm.words import number_of
from mcore.platform.errors import FormatError
from mcore.platform.format import limits, manifest
from workers.artifacts import ArtifactError, ArtifactStore, Stored
from workers.artifacts.store import MARK_SHA256

#: Artifacts that are removed in one transaction.
BATCH = 200
#: No artifact takes as long to write.
LONGEST_WRITE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Share:
    """So many files of so many bytes."""

    files: int = 0
    size_bytes: int = 0

    @classmethod
    def of(cls, entries: Sequence[Stored]) -> Share:
        return cls(len(entries), sum(entry.size_bytes for entry in entries))


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection did in the store, or would do.

    ``young`` is what nobody needs but is within the grace period, ``missing`` what is needed and not in the store.
    """

    bundles: tuple[str, ...]
    removed: Share
    leftovers: Share
    young: Share
    kept: Share
    missing: tuple[str, ...] = field(default=())


def collect(
    database: Database, store: ArtifactStore, retention: Retention, now: datetime, *, dry_run: bool
) -> Collected:
    """Collect; with ``dry_run`` nothing is changed.

    Raises:
        UsageError: artifacts of another database are in the store too: they cannot be told from garbage.
        InfrastructureError: database or store cannot be used, or the files of an old bundle cannot be found out.
    """
    try:
        _check_owner(database, store, dry_run)
        files_of = _files_of_unlisted(database, store)
        condemned = _condemn(database, retention, now, dry_run)
        listed = [entry for entry in store.list() if entry.sha256 != MARK_SHA256]
        with database.read() as session:
            needed = needed_artifacts(session, files_of, without=condemned)
        edge = now - retention.grace
        artifacts = [entry for entry in listed if entry.sha256]
        garbage = [entry for entry in artifacts if entry.sha256 not in needed]
        doomed = [entry for entry in garbage if entry.modified < edge]
        left = [entry for entry in listed if not entry.sha256 and entry.modified < _edge_of(entry, retention, now)]
        removed = doomed if dry_run else _sweep(database, store, doomed, files_of)
        if not dry_run:
            store.remove([entry.name for entry in left])
        names = {entry.sha256 for entry in artifacts}
        return Collected(
            bundles=tuple(condemned),
            removed=Share.of(removed),
            leftovers=Share.of(left),
            young=Share.of([entry for entry in garbage if entry.modified >= edge]),
            kept=Share.of([entry for entry in artifacts if entry.sha256 in needed]),
            missing=tuple(sorted(needed - names)),
        )
    except ArtifactError as error:
        raise InfrastructureError(str(error)) from error


def _edge_of(left: Stored, retention: Retention, now: datetime) -> datetime:
    """Since when something that is no artifact was not touched if it may go.

    What was damaged is kept for as long as commits are; a write may be under way whatever the grace period is.
    """
    if left.name.startswith("damaged/"):
        return now - max(retention.grace, timedelta(days=retention.days))
    return now - max(retention.grace, LONGEST_WRITE)


def _check_owner(database: Database, store: ArtifactStore, dry_run: bool) -> None:
    with database.read() as session:
        own = session.scalars(select(Installation.id)).one()
    if others := store.owners() - {own}:
        raise UsageError(
            f"the artifact store {store} is used by {number_of(len(others), 'other database')} too, whose artifacts cannot be "
            "told from garbage: give each database a store or a prefix of its own"
        )
    if not dry_run:
        store.register(own)


def _files_of_unlisted(database: Database, store: ArtifactStore) -> dict[str, list[str]]:
    """The files of bundles from before they were recorded, by their manifests."""
    with database.read() as session:
        unlisted = {bundle.identity: bundle.manifest for bundle in unlisted_bundles(session)}
    found = {}
    for identity, sha256 in unlisted.items():
        try:
            files = manifest.manifest_from_bytes(store.get(sha256, limit=limits.MANIFEST_BYTES)).files
        except (ArtifactError, FormatError) as error:
            raise InfrastructureError(
                f"what bundle {identity} is made of cannot be found out, so nothing was collected: {error}; "
                "`farm submit --reconvert` makes it again"
            ) from error
        found[identity] = [entry.sha256 for entry in files.values()]
    return found


def _condemn(database: Database, retention: Retention, now: datetime, dry_run: bool) -> list[str]:
    if dry_run:
        with database.read() as session:
            return [bundle.identity for bundle in unneeded_bundles(session, retention, now)]
    with database.write(in_turn=True) as session:
        bundles = unneeded_bundles(session, retention, now)
        for bundle in bundles:
            bundle.collected = now
            record_event(session, "collected", bundle.identity, now, size_bytes=bundle.size_bytes)
        return [bundle.identity for bundle in bundles]


def _sweep(
    database: Database, store: ArtifactStore, doomed: Sequence[Stored], files_of: Mapping[str, Sequence[str]]
) -> list[Stored]:
    removed = []
    for start in range(0, len(doomed), BATCH):
        batch = doomed[start : start + BATCH]
        with database.write(with_store=True) as session:
            needed = needed_artifacts(session, files_of)
            still = [entry for entry in batch if entry.sha256 not in needed]
            store.remove([entry.name for entry in still])
        removed += still
    return removed
