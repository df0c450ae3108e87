"""Reading a bundle that nobody vouches for: bytes are read, hashed, and only then parsed. Nothing is mapped or unpickled."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from mcore.platform.bundle import Bundle, Manifest
from mcore.platform.errors import FormatError
from mcore.platform.format import limits, manifest
from mcore.platform.format.contents import check_graphs, check_sample, check_served, check_weights
from mcore.platform.format.graph_json import graph_from_bytes
from mcore.platform.format.manifest import (
    SAMPLES,
    WEIGHTS,
    graph_files,
    identity_of,
    manifest_from_bytes,
    sample_name,
)
from mcore.platform.format.meaning import graph_meaning, sample_meaning
from mcore.platform.format.samples import sample_from_bytes
from mcore.platform.format.tensors import aligned_buffer, tensors_from_bytes

#: Bytes that are read, and hashed, at a time.
_CHUNK = 1 << 22

_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def read_bundle(folder: str | os.PathLike[str]) -> Bundle:
    """Read and verify the bundle in ``folder``.

    Returns:
        Arrays are read-only and start at multiples of 64 bytes; samples come in the order of their file names.

    Raises:
        FormatError: anything is missing, superfluous, damaged or not well formed; names the file and the place in it.
        OSError: the disk could not be read.
    """
    found = read_manifest(folder)
    files = dict(_verified(Path(folder), found))
    names = graph_files(found.files)
    graphs = tuple(graph_from_bytes(files[name], file=name) for name in names)
    check_graphs(graphs)
    weights = tensors_from_bytes(files[WEIGHTS], file=WEIGHTS)
    if weights.metadata:
        raise FormatError("texts in the header of the weights", where=WEIGHTS)
    check_weights(graphs, weights.tensors)
    samples = []
    for file in found.files:
        if (name := sample_name(file)) is not None:
            sample = sample_from_bytes(name, files[file])
            check_sample(graphs, sample, file=file)
            samples.append(sample)
    check_served(graphs, samples)
    meanings = {sample.name: sample_meaning(sample) for sample in samples}
    if found.identity != identity_of([graph_meaning(files[n]) for n in names], found.files[WEIGHTS].sha256, meanings):
        raise FormatError("the identity is not that of graphs and samples", where=f"{manifest.FILE}: identity")
    return Bundle(found, graphs, weights.tensors, tuple(samples))


def read_manifest(folder: str | os.PathLike[str]) -> Manifest:
    """Read just ``manifest.json``; it is checked, but the other files are not looked at. Raises as :func:`read_bundle` does."""
    return manifest_from_bytes(_read(Path(folder), manifest.FILE, None))


def verified_files(folder: str | os.PathLike[str]) -> Iterator[tuple[str, memoryview]]:
    """The files of a bundle one after the other, ``manifest.json`` last, each verified; raises as :func:`read_bundle` does.

    Contents are hashed but not parsed: this is for copying a bundle, not for using it.
    """
    data = _read(Path(folder), manifest.FILE, None)
    yield from _verified(Path(folder), manifest_from_bytes(data))
    yield manifest.FILE, data


def _verified(folder: Path, found: Manifest) -> Iterator[tuple[str, memoryview]]:
    _check_listing(folder, found)
    for name, entry in found.files.items():
        digest = hashlib.sha256()
        data = _read(folder, name, entry.size, digest)
        if digest.hexdigest() != entry.sha256:
            raise FormatError("the sha256 is not the manifest's: the file is damaged", where=name)
        yield name, data


def _check_listing(folder: Path, found: Manifest) -> None:
    """Files listed are files present; the folder of the samples is a folder, not a link to one."""
    samples = folder / SAMPLES
    listed = {*found.files, manifest.FILE}
    present = {path.name for path in folder.iterdir()}
    if SAMPLES in present:
        if not stat.S_ISDIR(os.lstat(samples).st_mode):
            raise FormatError("not a folder", where=SAMPLES)
        present.remove(SAMPLES)
        present.update(f"{SAMPLES}/{path.name}" for path in samples.iterdir())
    if missing := listed - present:
        raise FormatError("missing", where=min(missing))
    if extra := present - listed:
        raise FormatError("not listed in the manifest", where=min(extra))


def _read(folder: Path, name: str, size: int | None, digest: hashlib._Hash | None = None) -> memoryview:
    """The whole of a regular file in aligned memory; ``size`` is what it must have, ``None`` for a manifest's.

    ``digest`` is fed with what is read.
    """
    with open(_open(folder, name, size), "rb", buffering=0) as file:
        found = os.fstat(file.fileno()).st_size
        if size is not None and found != size:
            raise FormatError(f"{found} bytes, the manifest says {size}", where=name)
        if size is None and found > limits.MANIFEST_BYTES:
            raise FormatError(f"{found} bytes, the limit is {limits.MANIFEST_BYTES}", where=name)
        data = aligned_buffer(found).data
        position = 0
        with _fed(digest, found) as feed:
            while position < found and (count := file.readinto(data[position : position + _CHUNK])):
                feed(data[position : position + count])
                position += count
        if position < found or file.read(1):
            raise FormatError("changed while it was read", where=name)
    return data.toreadonly()


@contextmanager
def _fed(digest: hashlib._Hash | None, size: int) -> Iterator[Callable[[memoryview], None]]:
    """What takes pieces of a file of ``size`` bytes for ``digest``; complete at the end of the context.

    A thread hashes a large file while the next piece is read: both leave the interpreter's lock alone.
    """
    if digest is None:
        yield lambda piece: None
    elif size <= _CHUNK:
        yield digest.update
    else:
        pieces: SimpleQueue[memoryview | None] = SimpleQueue()
        thread = Thread(target=lambda: deque(map(digest.update, iter(pieces.get, None)), maxlen=0))
        thread.start()
        try:
            yield pieces.put
        finally:
            pieces.put(None)
            thread.join()


def _open(folder: Path, name: str, size: int | None) -> int:
    """A descriptor of a regular file; links are not followed, and a pipe does not block."""
    path = folder / name
    try:
        descriptor = os.open(path, _OPEN)
    except (FileNotFoundError, NotADirectoryError):
        hint = f"is {folder} a bundle?" if size is None else ""
        raise FormatError("missing", where=name, hint=hint) from None
    except OSError:
        mode = os.lstat(path).st_mode
        if stat.S_ISREG(mode):
            raise
        what = "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
        raise FormatError(what, where=name) from None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise FormatError("not a regular file", where=name)
