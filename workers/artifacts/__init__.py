"""The artifact store, where bundles travel through, and a device host's cache of them.

An artifact is a file's content; its name is its sha256, so it never changes and can be checked wherever it arrives. A bundle is
its files and, by the sha256 of its ``manifest.json``, the list of them.

::

    ArtifactError
    ├── ArtifactMissing       the store does not have it
    ├── ArtifactCorrupt       what came back is not what was asked for
    ├── ArtifactUnavailable   the store, or the disk of the cache, cannot be used now
    └── ArtifactReadOnly      the store takes nothing

All of them are infra matters: none says anything about a network or a device.
"""

from workers.artifacts.bundles import fetch_bundle, hold_bundle, push_bundle
from workers.artifacts.errors import (
    ArtifactCorrupt,
    ArtifactError,
    ArtifactMissing,
    ArtifactReadOnly,
    ArtifactUnavailable,
)
from workers.artifacts.folder import FolderStore
from workers.artifacts.opening import open_store
from workers.artifacts.store import ArtifactStore, Stored

__all__ = [
    "ArtifactCorrupt",
    "ArtifactError",
    "ArtifactMissing",
    "ArtifactReadOnly",
    "ArtifactStore",
    "ArtifactUnavailable",
    "FolderStore",
    "Stored",
    "fetch_bundle",
    "hold_bundle",
    "open_store",
    "push_bundle",
]
