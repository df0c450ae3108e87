"""Errors of the artifact store; the tree is drawn in :mod:`workers.artifacts`."""


class ArtifactError(Exception):
    """Base of all errors of artifact stores and of the cache; its text is one line."""


class ArtifactMissing(ArtifactError):  # noqa: N818
    """The store does not have the artifact."""


class ArtifactCorrupt(ArtifactError):  # noqa: N818
    """What came back is not what was asked for."""


class ArtifactUnavailable(ArtifactError):  # noqa: N818
    """The store, or the disk of the cache, cannot be used now."""


class ArtifactReadOnly(ArtifactError):  # noqa: N818
    """The store takes nothing."""
