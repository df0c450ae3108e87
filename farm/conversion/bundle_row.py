"""The row of a bundle that was converted and put in the store."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from farm.database.models import Bundle, Sample
from farm.prediction.records import record_traits
from mcore.platform.format import limits
from workers.artifacts import ArtifactCorrupt, ArtifactMissing, ArtifactStore

if TYPE_CHECKING:
    from mcore.platform.bundle import Bundle as BundleValue


def artifacts_of(bundle: BundleValue) -> list[str]:
    """The sha256 of a bundle's files but the manifest's, each once."""
    return sorted({entry.sha256 for entry in bundle.manifest.files.values()})


def standing_manifest(session: Session, store: ArtifactStore, bundle: BundleValue) -> str | None:
    """The manifest that the row of a known bundle names, ``None`` where there is no row, or ``store`` has lost it.

    It stays, since attempts may have been sent with it; that of a later conversion is another, with the commit in it.
    """
    row = session.get(Bundle, str(bundle.manifest.identity))
    if row is None or row.collected is not None:
        return None
    try:
        store.get(row.manifest, limit=limits.MANIFEST_BYTES)
    except (ArtifactMissing, ArtifactCorrupt):
        return None
    return row.manifest


def record_bundle(session: Session, bundle: BundleValue, manifest: str, now: datetime) -> str:
    """The bundle's row, made where it is new; returns its identity. To be called in turn.

    One that another toolchain makes too is known by the newer one from then on, or it would be converted again and again.
    """
    said = bundle.manifest
    identity = str(said.identity)
    # Read anew: a collection may have marked it since the session, not yet in turn, looked at it.
    row = session.get(Bundle, identity, populate_existing=True)
    record_traits(session, bundle)
    if row is not None:
        row.manifest, row.files, row.collected = manifest, artifacts_of(bundle), None
        row.toolchain = dict(said.toolchain)
        return identity
    session.add(
        Bundle(
            identity=identity,
            graph=said.identity.graph,
            weights=said.identity.weights,
            samples=said.identity.samples,
            manifest=manifest,
            files=artifacts_of(bundle),
            size_bytes=sum(entry.size for entry in said.files.values()),
            parts=dict(said.parts),
            layers=list(said.layers),
            ops=sorted({node.op for graph in bundle.graphs for node in graph.nodes}),
            toolchain=dict(said.toolchain),
            created=now,
            sample_rows=[Sample(name=s.name, position=i) for i, s in enumerate(bundle.samples)],
        )
    )
    session.flush()
    return identity
