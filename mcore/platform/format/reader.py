"""Reading a bundle that nobody vouches for: bytes are read, hashed, and only then parsed. Nothing is mapped or unpickled."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mcore.platform.bundle import Bundle, Manifest
from mcore.platform.errors import FormatError
from mcore.platform.format import manifest
from mcore.platform.format.contents import check_graphs, check_sample, check_served, check_weights
from mcore.platform.format.files import opened, read_all, read_verified
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
from mcore.platform.format.stored import loading_weights


def read_bundle(folder: str | os.PathLike[str]) -> Bundle:
    """Read and verify the bundle in ``folder``.

    Returns:
        Arrays are read-only and start at multiples of 64 bytes; weights are handed over as :class:`StoredTensors` says;
        samples come in the order of their file names.

    Raises:
        FormatError: anything is missing, superfluous, damaged or not well formed; names the file and the place in it.
        OSError: the disk could not be read.
    """
    found, folder = read_manifest(folder), Path(folder)
    _check_listing(folder, found)
    with loading_weights(folder, found.files[WEIGHTS]) as weights:  # hashed while the rest is read and parsed
        files = {name: read_verified(folder, name, entry) for name, entry in found.files.items() if name != WEIGHTS}
        names = graph_files(found.files)
        graphs = tuple(graph_from_bytes(files[name], file=name) for name in names)
        check_graphs(graphs)
        meanings = [graph_meaning(files[name]) for name in names]
        stored = weights()
    check_weights(graphs, stored)
    samples = []
    for file in found.files:
        if (name := sample_name(file)) is not None:
            sample = sample_from_bytes(name, files[file])
            check_sample(graphs, sample, file=file)
            samples.append(sample)
    check_served(graphs, samples)
    said = {sample.name: sample_meaning(sample) for sample in samples}
    if found.identity != identity_of(meanings, found.files[WEIGHTS].sha256, said):
        raise FormatError("the identity is not that of graphs and samples", where=f"{manifest.FILE}: identity")
    return Bundle(found, graphs, stored, tuple(samples))


def read_manifest(folder: str | os.PathLike[str]) -> Manifest:
    """Read just ``manifest.json``; it is checked, but the other files are not looked at. Raises as :func:`read_bundle` does."""
    return manifest_from_bytes(_manifest(Path(folder)))


def verified_files(folder: str | os.PathLike[str]) -> Iterator[tuple[str, memoryview]]:
    """The files of a bundle one after the other, ``manifest.json`` last, each verified; raises as :func:`read_bundle` does.

    Contents are hashed but not parsed: this is for copying a bundle, not for using it.
    """
    folder = Path(folder)
    data = _manifest(folder)
    found = manifest_from_bytes(data)
    _check_listing(folder, found)
    for name, entry in found.files.items():
        yield name, read_verified(folder, name, entry)
    yield manifest.FILE, data


def _manifest(folder: Path) -> memoryview:
    with opened(folder, manifest.FILE, None) as descriptor:
        return read_all(descriptor, manifest.FILE).whole()


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
