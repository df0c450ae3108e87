"""What a bundle tells of the sizes that its network takes: of its samples', and of any other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from farm.conditions.choose import Legal
from farm.conditions.sizes import Size
from mcore.platform.bundle import Bundle, Sample
from mcore.platform.dims import Expr
from mcore.platform.errors import PlatformError
from mcore.platform.graph import Graph, TensorType, is_weight
from mcore.platform.variants import graph_for

AXES = ("H", "W")


class FixedSizesError(Exception):
    """The network takes no other sizes than those of its samples."""


class Measured:
    """The sizes of a bundle's network.

    Raises:
        FixedSizesError: there is nothing to be asked of other sizes.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._graphs = bundle.graphs
        self._needed = [_Needed(graph) for graph in self._graphs]
        first = self._graphs[0]
        if any(axis not in graph.symbols for graph in self._graphs for axis in AXES):
            raise FixedSizesError("a side of its inputs is a number in the graph")
        found = [self._of(sample) for sample in bundle.samples]
        self.samples: Mapping[str, Size] = {size.sample: size for size, _ in found}
        self._unit = found[0][1]
        symbols = [first.symbols[axis] for axis in AXES]
        self.legal = Legal(
            unit=self._unit * math.lcm(*(symbol.multiple_of for symbol in symbols)),
            minimum=self._unit * max(symbol.minimum for symbol in symbols),
            maximum=self._unit * min(symbol.maximum for symbol in symbols),
            batches="N" in first.symbols,
            measure=self.measure,
        )

    def measure(self, batch: int, height: int, width: int) -> Size | None:
        """A size; ``None`` where no graph takes it."""
        symbols = {"N": batch, "H": height // self._unit, "W": width // self._unit}
        shapes = {name: kind.concrete(symbols) for name, kind in self._graphs[0].inputs.items()}
        try:
            graph = graph_for(self._graphs, shapes)
        except (PlatformError, ArithmeticError, ValueError):
            return None
        return Size(batch, height, width, self._needed[self._graphs.index(graph)].at(symbols))

    def _of(self, sample: Sample) -> tuple[Size, int]:
        """A sample's size, and how many elements a step of its symbols is."""
        shapes = {name: value.shape for name, value in sample.inputs.items()}
        graph = graph_for(self._graphs, shapes)
        symbols = graph.bind(shapes)
        height, width = map(int, sample.name.split("x"))
        needed = self._needed[self._graphs.index(graph)].at(symbols)
        return Size(symbols.get("N", 1), height, width, needed), height // symbols["H"]


class _Needed:
    """Bytes of activation that a graph needs at a size: what its largest node reads and makes."""

    def __init__(self, graph: Graph) -> None:
        names = (
            {name for name in (*node.inputs, *node.outputs) if name is not None and not is_weight(name)}
            for node in graph.nodes
        )
        #: Different nodes, each as the types of its values: a network has many alike.
        self._nodes = {tuple(sorted((graph.types[name] for name in of_node), key=str)) for of_node in names}

    def at(self, symbols: Mapping[str, int]) -> int:
        known: dict[Expr, int] = {}

        @cache
        def size(kind: TensorType) -> int:
            return math.prod(kind.concrete(symbols, known)) * kind.dtype.numpy.itemsize

        return max((sum(map(size, kinds)) for kinds in self._nodes), default=0)
