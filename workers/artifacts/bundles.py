"""Bundles through an artifact store, and into a device host's cache of them."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mcore.platform.bundle import FileEntry
from mcore.platform.errors import FormatError
from mcore.platform.format import limits, manifest, verified_files
from mcore.platform.format.atomic import place, staging_folder, write_files
from workers.artifacts.cache import DEFAULT_LIMIT_BYTES, FILES, evict, take_away
from workers.artifacts.download import FETCH_S, Patience, downloaded
from workers.artifacts.errors import ArtifactCorrupt, ArtifactUnavailable
from workers.artifacts.held import held
from workers.artifacts.store import MARK, ArtifactStore, object_name

#: How often a bundle is put together that is damaged, or taken away, before anybody could hold it.
_ROUNDS = 5
_FULL = (errno.ENOSPC, errno.EDQUOT)


def push_bundle(store: ArtifactStore, folder: str | os.PathLike[str]) -> str:
    """Put the bundle in ``folder`` into ``store``, each file verified, the manifest last; and the mark of stores.

    Returns:
        The sha256 of ``manifest.json``, by which :func:`hold_bundle` finds all of it.

    Raises:
        FormatError: the folder holds no intact bundle.
        ArtifactError: the store cannot take it.
    """
    sha256 = store.put(MARK)
    for _, data in verified_files(folder):
        sha256 = store.put(data)
    return sha256


@contextmanager
def hold_bundle(
    store: ArtifactStore,
    manifest_sha256: str,
    cache: str | os.PathLike[str],
    *,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
    fetch_s: float = FETCH_S,
) -> Iterator[Path]:
    """The folder of a bundle in ``cache``, fetched from ``store`` as far as it is not there intact.

    Every file is verified, in the cache too. Until the block ends no process removes the bundle to keep the cache within
    ``limit_bytes``; the others that were used longest ago go. Of several processes that want the same file one fetches it.
    After ``fetch_s`` seconds a fetch breaks off, to be gone on with by the next.

    Raises:
        ValueError: ``manifest_sha256`` is no sha256.
        ArtifactError: the store does not have it, or not intact, or cannot be reached; or the cache cannot be written.
    """
    root = Path(cache).absolute()
    object_name(manifest_sha256)  # what is no sha256 must not become a path
    folder = root / manifest_sha256
    with ExitStack() as stack:
        with _disk(root):
            patience = Patience.of(fetch_s)
            try:
                stack.enter_context(_brought(store, folder, patience))
            except OSError as error:
                if error.errno not in _FULL or not evict(root, limit_bytes=0):
                    raise
                stack.enter_context(_brought(store, folder, patience))
            os.utime(folder)
            evict(root, limit_bytes=limit_bytes)
        yield folder


def fetch_bundle(store: ArtifactStore, manifest_sha256: str, cache: str | os.PathLike[str]) -> Path:
    """As :func:`hold_bundle`, for a look at the bundle: nobody holds it any more on return."""
    with hold_bundle(store, manifest_sha256, cache) as folder:
        return folder


def _brought(store: ArtifactStore, folder: Path, patience: Patience) -> ExitStack:
    """Hold the intact bundle at ``folder``, put together first where there is none."""
    doubt = False
    for _ in range(_ROUNDS):
        with ExitStack() as stack:
            try:
                descriptor = stack.enter_context(held(folder))
            except FileNotFoundError:
                _assemble(store, folder, patience, doubt)
                continue
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
                folder.unlink()  # a link out of the cache
                continue
            if _is_intact(folder):
                return stack.pop_all()
            take_away(folder.parent, folder, descriptor)
            doubt = True
    raise ArtifactUnavailable(f"the bundle cache {folder.parent} cannot be used: {folder.name} never stays intact")


def _assemble(store: ArtifactStore, folder: Path, patience: Patience, doubt: bool) -> None:
    """Put the bundle together from the cache's files, those that it lacks downloaded; or another process does.

    The files were verified when they arrived, and the bundle is before it is used; with ``doubt`` they are in between.
    """
    described, files = _described(store, folder.name)
    if doubt:
        _check_files(folder.parent, files)
    (folder.parent / FILES).mkdir(parents=True, exist_ok=True)
    staging = staging_folder(folder)
    try:
        with held(staging):
            for name, entry in files.items():
                _link(store, entry, staging / name, folder.parent / FILES / entry.sha256, patience)
            write_files(staging, [(manifest.FILE, described)])
            with contextlib.suppress(FileExistsError):
                place(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _described(store: ArtifactStore, sha256: str) -> tuple[bytes, Mapping[str, FileEntry]]:
    data = store.get(sha256, limit=limits.MANIFEST_BYTES)
    try:
        return data, manifest.manifest_from_bytes(data).files
    except FormatError as error:
        raise ArtifactCorrupt(f"artifact {sha256} is not the manifest of a bundle: {error}") from None


def _link(store: ArtifactStore, entry: FileEntry, path: Path, file: Path, patience: Patience) -> None:
    path.parent.mkdir(exist_ok=True)
    for _ in range(_ROUNDS):
        with contextlib.suppress(FileNotFoundError), held(file):
            os.link(file, path)
            return
        with downloaded(store, entry.sha256, entry.size, file, patience) as mine:
            if mine:
                os.link(file, path)
                return
    raise ArtifactUnavailable(f"the bundle cache {file.parent.parent} cannot be used: {entry.sha256} never stays there")


def _check_files(root: Path, files: Mapping[str, FileEntry]) -> None:
    """Take away the cache's files of a damaged bundle that are damaged themselves."""
    for entry in files.values():
        path = root / FILES / entry.sha256
        with contextlib.suppress(FileNotFoundError), held(path) as descriptor:
            with open(os.dup(descriptor), "rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != entry.sha256:
                take_away(root, path, descriptor)


def _is_intact(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    try:
        for name, data in verified_files(folder):
            if name == manifest.FILE:
                return hashlib.sha256(data).hexdigest() == folder.name
    except FormatError:
        return False
    return False


@contextmanager
def _disk(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        advice = "; free space on its disk" if error.errno in _FULL else ""
        raise ArtifactUnavailable(f"the bundle cache {root} cannot be used: {error}{advice}") from error
