"""Bundles of a few bytes: rows of a database, and artifacts in a store that are as old as is said."""

from __future__ import annotations

import os
from datetime import datetime

from sqlalchemy import select

from farm.database.engine import Database
from farm.database.models import Architecture, Bundle, Snapshot, Submission
from farm.inventory import Inventory
from tests.farm.rows import START, submit
from workers.artifacts import FolderStore
from workers.artifacts.store import object_name


def artifact(store: FolderStore, content: str, age_of: datetime = START) -> str:
    """Put an artifact as it would have been at a time."""
    sha256 = store.put(content.encode())
    os.utime(store.root / object_name(sha256), (age_of.timestamp(), age_of.timestamp()))
    return sha256


def put_bundles(database: Database, store: FolderStore, age_of: datetime = START) -> None:
    """Give every bundle that has no artifacts yet four: shared weights, own graph and sample, and the manifest."""
    with database.write() as session:
        for bundle in session.scalars(select(Bundle)):
            own = bundle.identity
            bundle.files = [artifact(store, text, age_of) for text in (f"graph {own}", f"sample {own}", "weights")]
            bundle.manifest = artifact(store, f"manifest {own}", age_of)


def commit_of(
    database: Database, inventory: Inventory, commit: str, names: list[str], at: datetime, version: str = ""
) -> None:
    """A submission of ``commit`` at a time, its bundles made then."""
    known = bundles(database)
    submission = submit(database, inventory, names, commit, version=version or commit)
    with database.write() as session:
        session.get_one(Submission, submission).created = at
        for bundle in session.scalars(select(Bundle).where(Bundle.identity.not_in(known))):
            bundle.created = at


def bundles(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(Bundle.identity)))


def bundle_of(database: Database, commit: str, name: str) -> str:
    with database.read() as session:
        found = session.scalars(
            select(Snapshot.bundle).join(Architecture).where(Snapshot.commit == commit, Architecture.name == name)
        ).one()
        assert found is not None
        return found


def contents(store: FolderStore) -> set[str]:
    """The artifacts in a store, by their words."""
    return {store.get(entry.sha256).decode() for entry in store.list() if entry.sha256}
