"""Bundles through an artifact store, and a device host's cache of them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcore.platform.errors import FormatError
from mcore.platform.format import limits, manifest, verified_files
from mcore.platform.format.atomic import place, staging_folder, write_files
from workers.artifacts.cache import DEFAULT_LIMIT_BYTES, IN_USE_S, discard, evict
from workers.artifacts.errors import ArtifactCorrupt, ArtifactUnavailable
from workers.artifacts.store import ArtifactStore, object_name


def push_bundle(store: ArtifactStore, folder: str | os.PathLike[str]) -> str:
    """Put the bundle in ``folder`` into ``store``, each file verified, the manifest last.

    Returns:
        The sha256 of ``manifest.json``, by which :func:`fetch_bundle` finds all of it.

    Raises:
        FormatError: the folder holds no intact bundle.
        ArtifactError: the store cannot take it.
    """
    sha256 = ""
    for _, data in verified_files(folder):
        sha256 = store.put(data)
    return sha256


def fetch_bundle(
    store: ArtifactStore,
    manifest_sha256: str,
    cache: str | os.PathLike[str],
    *,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
    in_use_s: float = IN_USE_S,
) -> Path:
    """The folder of a bundle in ``cache``, fetched from ``store`` if it is not there intact.

    Every file is verified, in the cache too. Processes that want the same bundle at once wait for one of them. Then the bundles
    used longest ago are removed, as far as ``cache`` is larger than ``limit_bytes``, but none that was asked for in the last
    ``in_use_s`` seconds.

    Raises:
        ValueError: ``manifest_sha256`` is no sha256.
        ArtifactError: the store does not have it, or not intact, or cannot be reached; or the cache cannot be written.
    """
    root = Path(cache).absolute()
    object_name(manifest_sha256)  # what is no sha256 must not become a path
    folder = root / manifest_sha256
    try:
        with _alone(root, manifest_sha256):
            if not _is_intact(folder, manifest_sha256):
                discard(folder)
                _download(store, manifest_sha256, folder)
            os.utime(folder)
        evict(root, keep=folder, limit_bytes=limit_bytes, in_use_s=in_use_s)
    except OSError as error:
        raise ArtifactUnavailable(f"the bundle cache {root} cannot be used: {error}") from error
    return folder


def _download(store: ArtifactStore, sha256: str, folder: Path) -> None:
    described = store.get(sha256, limit=limits.MANIFEST_BYTES)
    try:
        files = manifest.manifest_from_bytes(described).files
    except FormatError as error:
        raise ArtifactCorrupt(f"artifact {sha256} is not the manifest of a bundle: {error}") from None
    staging = staging_folder(folder)
    try:
        write_files(staging, ((name, store.get(entry.sha256, limit=entry.size)) for name, entry in files.items()))
        write_files(staging, [(manifest.FILE, described)])
        place(staging, folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _is_intact(folder: Path, sha256: str) -> bool:
    if not folder.is_dir():
        return False
    try:
        for name, data in verified_files(folder):
            if name == manifest.FILE:
                return hashlib.sha256(data).hexdigest() == sha256
    except FormatError:
        return False
    return False


@contextmanager
def _alone(root: Path, sha256: str) -> Iterator[None]:
    """Hold the lock of this bundle (and of a few others: there are 256) in this cache; it ends with the process."""
    locks = root / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    with open(locks / sha256[:2], "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
