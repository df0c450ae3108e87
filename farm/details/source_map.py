"""Where the parts of a converted network come from: modules of the graph, their classes, and the lines that define those."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from farm.source.closure import Closure
from mcore.platform.errors import FormatError
from mcore.platform.format import limits
from mcore.platform.format.graph_json import graph_from_bytes
from mcore.platform.format.manifest import manifest_from_bytes
from mcore.platform.graph import Graph
from mcore.platform.report import report_lines
from workers.artifacts import ArtifactError, ArtifactStore


@dataclass(frozen=True, slots=True)
class Place:
    """Where a class is defined."""

    definition: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Module:
    """A module that nodes of the graph came from: its path, ``""`` for the root, its class, and how often each op."""

    path: str
    source: str
    ops: Mapping[str, int]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class LayerCount:
    """A class of modules, how many modules of it the network has, and where it is defined."""

    source: str
    modules: int
    nodes: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class SourceMap:
    """The modules in the order in which they run; of several graphs, as the first has them that does.

    A class that the closure does not define is a base layer of the backend. Of several that have its name each is a place.
    """

    modules: tuple[Module, ...] = ()

    @property
    def layers(self) -> tuple[LayerCount, ...]:
        """The classes, the commonest first."""
        found: dict[str, list[Module]] = {}
        for module in self.modules:
            found.setdefault(module.source, []).append(module)
        counts = [
            LayerCount(source, len(modules), sum(sum(m.ops.values()) for m in modules), modules[0].places)
            for source, modules in found.items()
        ]
        return tuple(sorted(counts, key=lambda count: (-count.modules, count.source)))

    @property
    def ops(self) -> dict[str, int]:
        """How many nodes have each op, the commonest first."""
        counted: Counter[str] = Counter()
        for module in self.modules:
            counted.update(module.ops)
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a bundle comes from: its source map, what the converter ``said``, and the id of the checkpoint of its weights.

    All are empty where there is a ``problem``.
    """

    map: SourceMap = SourceMap()
    said: tuple[str, ...] = ()
    checkpoint: str = ""
    problem: str = ""


def source_map(graphs: Iterable[Graph], closure: Closure | None) -> SourceMap:
    """The map of a bundle's graphs; ``closure`` knows where classes are defined, ``None``: nobody does."""
    places = _places(closure)
    found: dict[str, tuple[str, Counter[str]]] = {}
    for graph in graphs:
        ops: dict[str, tuple[str, Counter[str]]] = {}
        for node in graph.nodes:
            ops.setdefault(node.module, (node.source, Counter()))[1][node.op] += 1
        found = {**ops, **found}
    return SourceMap(
        tuple(Module(path, source, dict(ops), places.get(source, ())) for path, (source, ops) in found.items())
    )


def read_origin(store: ArtifactStore, manifest_sha256: str, closure: Closure | None) -> Origin:
    """The origin of a bundle in the artifact store, by the sha256 of its manifest; what hinders it is said in place of it."""
    try:
        manifest = manifest_from_bytes(store.get(manifest_sha256, limit=limits.MANIFEST_BYTES))
        names = sorted(name for name in manifest.files if name.startswith("graph") and name.endswith(".json"))
        graphs = [
            graph_from_bytes(store.get(manifest.files[name].sha256, limit=limits.GRAPH_BYTES), file=name)
            for name in names
        ]
    except (ArtifactError, FormatError) as error:
        return Origin(problem=" ".join(str(error).split()))
    weights = manifest.report.get("weights")
    checkpoint = str(weights["id"]) if isinstance(weights, Mapping) and weights.get("origin") == "checkpoint" else ""
    return Origin(source_map(graphs, closure), tuple(report_lines(manifest.report)), checkpoint)


def _places(closure: Closure | None) -> dict[str, tuple[Place, ...]]:
    """By the last part of their names: the definitions that an architecture reaches.

    A name that is bound to a class from elsewhere is a definition too, but has no members: where others do, it is left out.
    """
    found: dict[str, list[tuple[Place, bool]]] = {}
    for name, definition in closure.definitions.items() if closure else ():
        place = Place(name, definition.file, definition.line)
        found.setdefault(name.rpartition(".")[2], []).append((place, bool(definition.members)))
    return {
        name: tuple(
            sorted((p for p, whole in places if whole or not any(w for _, w in places)), key=lambda p: p.definition)
        )
        for name, places in found.items()
    }
