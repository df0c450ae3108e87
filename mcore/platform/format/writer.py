"""Writing a bundle: everything is checked first, then written, then put in place in one step."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from mcore.platform.bundle import FileEntry, Manifest, Sample
from mcore.platform.errors import FormatError
from mcore.platform.format import limits, manifest
from mcore.platform.format.atomic import place, write_files
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
from mcore.platform.format.meaning import graph_meaning
from mcore.platform.format.staging import Staging
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
    staging: Staging | None = None,
) -> Manifest:
    """Write a bundle into ``folder``, whole or not at all; a process killed meanwhile leaves the old state.

    ``graph`` may be several, in the order in which they are to be tried; then each must serve a sample. The other arguments
    are the fields of :class:`Manifest`; ``constructor`` and ``report`` are plain data, tuples become lists. In ``staging``,
    which is for that folder, just these weights and samples may have been begun.

    Returns:
        The manifest, as reading it back gives it.

    Raises:
        FormatError: the graph is not well formed, weights or samples are not what it says, or something cannot be written down.
        ValueError: ``staging`` has another sample.
        FileExistsError: ``folder`` exists and ``overwrite`` is false, or it holds something else than a bundle.
    """
    target = Path(os.path.abspath(folder))
    _check_target(target, overwrite)
    graphs = (graph,) if isinstance(graph, Graph) else tuple(graph)
    files = _checked(graphs, weights, samples)
    with Staging(target) if staging is None else nullcontext(staging) as staged:
        staged.weights(weights)
        for sample in samples:
            staged.sample(sample)
        if extra := staged.files - {WEIGHTS, *(sample_file(sample.name) for sample in samples)}:
            raise ValueError(f"{min(extra)} was written, but is no part of the bundle")
        meant = [graph_meaning(described) for described in files.values()]
        entries = {name: FileEntry(hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()}
        entries |= {name: staged.written(name).entry for name in staged.files}
        shown = {sample.name: staged.written(sample_file(sample.name)).meaning for sample in samples}
        described = manifest_to_bytes(
            Manifest(
                architecture=architecture,
                kind=kind,
                identity=identity_of(meant, entries[WEIGHTS].sha256, shown),
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
        write_files(staged.folder, [*files.items(), (manifest.FILE, described)])
        place(staged.folder, target, overwrite=overwrite)
    return result


def _checked(
    graphs: tuple[Graph, ...], weights: Mapping[str, np.ndarray], samples: Sequence[Sample]
) -> dict[str, bytes]:
    """The files of the graphs; raises :class:`FormatError` unless they, weights and samples belong together."""
    check_graphs(graphs)
    files = {}
    for index, graph in enumerate(graphs):
        file = graph_file(index)
        files[file] = graph_to_bytes(graph, file=file)
        graph_from_bytes(files[file], file=file)  # what is written can be read
    check_weights(graphs, weights)
    if len(samples) > limits.SAMPLES or len({sample.name for sample in samples}) != len(samples):
        raise FormatError(f"more than {limits.SAMPLES} samples, or two of one name", where=SAMPLES)
    for sample in samples:
        check_sample(graphs, sample, file=sample_file(sample.name))
    check_served(graphs, samples)
    return files


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
