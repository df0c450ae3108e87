"""Writing a bundle: everything is checked and made into bytes first, then put in place in one step."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mcore.platform.bundle import FileEntry, Manifest, Sample
from mcore.platform.errors import FormatError
from mcore.platform.format import limits, manifest
from mcore.platform.format.atomic import place, staging_folder, write_files
from mcore.platform.format.contents import check_graphs, check_sample, check_served, check_weights
from mcore.platform.format.graph_json import graph_from_bytes, graph_to_bytes
from mcore.platform.format.manifest import (
    SAMPLES,
    WEIGHTS,
    graph_file,
    graph_index,
    identity_of,
    manifest_from_bytes,
    manifest_to_bytes,
    sample_file,
)
from mcore.platform.format.meaning import graph_meaning, sample_meaning
from mcore.platform.format.samples import sample_from_bytes, sample_to_bytes
from mcore.platform.format.tensors import tensors_to_bytes
from mcore.platform.graph import Graph


def write_bundle(
    folder: str | os.PathLike[str],
    *,
    graph: Graph | Sequence[Graph],
    weights: Mapping[str, np.ndarray],
    samples: Sequence[Sample],
    architecture: str = "",
    kind: str = "",
    constructor: Mapping[str, Any] | None = None,
    parts: Mapping[str, str] | None = None,
    layers: Iterable[str] = (),
    toolchain: Mapping[str, str] | None = None,
    commit: str = "",
    closure: str = "",
    passed: Mapping[str, Sequence[str]] | None = None,
    report: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Manifest:
    """Write a bundle into ``folder``, whole or not at all; a process killed meanwhile leaves the old state.

    ``graph`` may be several, in the order in which they are to be tried; then each must serve a sample. The other arguments
    are the fields of :class:`Manifest`; ``constructor`` and ``report`` are plain data, tuples become lists.

    Returns:
        The manifest, as reading it back gives it.

    Raises:
        FormatError: the graph is not well formed, weights or samples are not what it says, or something cannot be written down.
        FileExistsError: ``folder`` exists and ``overwrite`` is false, or it holds something else than a bundle.
    """
    target = Path(os.path.abspath(folder))
    _check_target(target, overwrite)
    graphs = (graph,) if isinstance(graph, Graph) else tuple(graph)
    files = dict(_contents(graphs, weights, samples))
    entries = {name: FileEntry(hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()}
    described = manifest_to_bytes(
        Manifest(
            architecture=architecture,
            kind=kind,
            identity=identity_of(
                [graph_meaning(files[graph_file(i)]) for i in range(len(graphs))],
                entries[WEIGHTS].sha256,
                # As reading gives them, whatever kind of array or number was handed over.
                {s.name: sample_meaning(sample_from_bytes(s.name, files[sample_file(s.name)])) for s in samples},
            ),
            files=entries,
            constructor=constructor or {},
            parts=parts or {},
            layers=tuple(layers),
            toolchain=toolchain or {},
            commit=commit,
            closure=closure,
            passed={device: tuple(commits) for device, commits in (passed or {}).items()},
            report=report or {},
        )
    )
    result = manifest_from_bytes(described)
    staging = staging_folder(target)
    try:
        write_files(staging, [*files.items(), (manifest.FILE, described)])
        place(staging, target, overwrite=overwrite)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return result


def _contents(
    graphs: tuple[Graph, ...], weights: Mapping[str, np.ndarray], samples: Sequence[Sample]
) -> Iterable[tuple[str, bytes]]:
    check_graphs(graphs)
    for index, graph in enumerate(graphs):
        file = graph_file(index)
        described = graph_to_bytes(graph, file=file)
        graph_from_bytes(described, file=file)  # what is written can be read
        yield file, described
    check_weights(graphs, weights)
    yield WEIGHTS, tensors_to_bytes(weights)
    if len(samples) > limits.SAMPLES or len({sample.name for sample in samples}) != len(samples):
        raise FormatError(f"more than {limits.SAMPLES} samples, or two of one name", where=SAMPLES)
    for sample in samples:
        file = sample_file(sample.name)
        check_sample(graphs, sample, file=file)
        yield file, sample_to_bytes(sample)
    check_served(graphs, samples)


def _check_target(target: Path, overwrite: bool) -> None:
    """Nothing but a bundle is ever replaced."""
    if not os.path.lexists(target):
        return
    if not overwrite:
        raise FileExistsError(f"{target} exists already; pass overwrite=True to replace it")
    if target.is_symlink() or not target.is_dir() or not all(_may_hold(path.name) for path in target.iterdir()):
        raise FileExistsError(f"{target} is not a bundle, so it is not replaced; choose another folder")


def _may_hold(name: str) -> bool:
    """Whether the folder of a bundle may hold something of that name."""
    return name in (WEIGHTS, SAMPLES, manifest.FILE) or graph_index(name) is not None
