"""The graphs of the public architectures: captured as a conversion does, without calibration, samples or a replay."""

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.zoo import FOLDERS, Architecture, architectures
from mcore.platform.format.graph_json import graph_from_bytes, graph_to_bytes
from mcore.platform.graph import Graph

QUICK = ("attention", "block", "neck")


def graphs_of_the_zoo(kinds: Sequence[str], kept: Path | None) -> Iterator[tuple[str, tuple[Graph, ...]]]:
    """``kind:name`` and graphs of each, one after the other; those in the folder ``kept`` are read, the others kept there."""
    for architecture in architectures():
        if architecture.kind in kinds:
            yield architecture.key, _known(architecture, kept) if kept is not None else _captured(architecture)


def _known(architecture: Architecture, kept: Path) -> tuple[Graph, ...]:
    files = sorted(kept.glob(f"{architecture.key}.*.json"), key=lambda path: int(path.suffixes[-2][1:]))
    if files:
        return tuple(graph_from_bytes(path.read_bytes()) for path in files)
    graphs = _captured(architecture)
    for index, graph in enumerate(graphs):
        (kept / f"{architecture.key}.{index}.json").write_bytes(graph_to_bytes(graph))
    return graphs


def _captured(architecture: Architecture) -> tuple[Graph, ...]:
    from mcore.convert.capture import capture

    model = getattr(importlib.import_module(f"models.{FOLDERS[architecture.kind]}"), architecture.name)()
    return capture(model, model.sampling).graphs
