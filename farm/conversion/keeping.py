"""Putting a bundle into the artifact store and entering it, so that no collection comes between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.conversion.bundle_row import artifacts_of, standing_manifest
from farm.database.engine import Database, take_turn
from farm.database.models import Bundle, Installation
from farm.failpoints import failpoint
from workers.artifacts import ArtifactStore, ArtifactUnavailable, push_bundle
from workers.artifacts.store import MARK, MARK_SHA256

if TYPE_CHECKING:
    from mcore.platform.bundle import Bundle as BundleValue

#: How often a bundle is pushed whose artifacts a collection keeps taking.
PUSHES = 3

#: Enters a bundle, whose manifest's sha256 it is given.
Enter = Callable[[Session, str], None]


class Keeper:
    """Keeps what a converter makes."""

    def __init__(self, database: Database, store: ArtifactStore) -> None:
        self._database, self._store = database, store
        self._registered = False

    def begin(self) -> None:
        """See that the store is there and can be written to, and make the one of a database that has no bundle yet: a host that
        comes before the first bundle then finds it.

        Where there are bundles, a store that is not there is not mounted, and nothing is made in its place.

        Raises:
            ArtifactError: the store is away, or does not take it.
        """
        with self._database.read() as session:
            known = session.scalars(select(Bundle.identity).limit(1)).first()
        if known is not None:
            self._store.has(MARK_SHA256)
        self._registered = False
        self._register()
        self._store.put(MARK)

    def keep(self, bundle: BundleValue, folder: Path, enter: Enter) -> None:
        """Put the bundle in the store, then ``enter`` it, in turn.

        A collection may find that nobody needs an artifact just after ``push_bundle`` found it there. So whether all of them
        are there is looked at while no collection removes any, and what was robbed is pushed again.

        Raises:
            ArtifactError: the store does not take it.
        """
        self._register()
        for _ in range(PUSHES):
            manifest = push_bundle(self._store, folder)
            failpoint("convert.pushed")
            with self._database.write(with_store=True) as session:
                if all(map(self._store.has, (*artifacts_of(bundle), manifest))):
                    kept = standing_manifest(session, self._store, bundle) or manifest
                    take_turn(session)  # only now: a slow store holds up no merge
                    enter(session, kept)
                    return
        raise ArtifactUnavailable(f"the artifact store {self._store} does not keep what is put into it")

    def _register(self) -> None:
        if self._registered:
            return
        with self._database.read() as session:
            owner = session.scalars(select(Installation.id)).one()
        self._store.register(owner)
        self._registered = True
