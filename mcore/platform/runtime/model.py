"""A network that takes inputs of any legal size: a program for each, the latest kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock

import numpy as np

from mcore.platform.graph import Graph
from mcore.platform.runtime.binding import Kernel
from mcore.platform.runtime.modes import Mode
from mcore.platform.runtime.operation import PreparedWeights
from mcore.platform.runtime.program import Program
from mcore.platform.variants import graph_for

#: Programs kept by default: the resolutions of a bundle, and one to spare.
KEPT = 4

_Shapes = tuple[tuple[str, tuple[int, ...]], ...]


class Model:
    """``graph`` with ``weights`` for inputs of any shape that the graph takes; of several graphs, each its sizes.

    Arguments and errors are those of :class:`Program`; ``kept`` is how many programs stay planned.
    """

    def __init__(
        self,
        graph: Graph | Sequence[Graph],
        weights: Mapping[str, np.ndarray],
        *,
        mode: Mode | str = Mode.DEFAULT,
        kernels: Mapping[str, Kernel] | None = None,
        threads: int = 1,
        kept: int = KEPT,
    ) -> None:
        self.graphs = (graph,) if isinstance(graph, Graph) else tuple(graph)
        self.weights, self.mode, self.kernels = weights, Mode.of(mode), kernels
        self.threads = threads
        self._kept = kept
        self.prepared = PreparedWeights()
        self._programs: OrderedDict[_Shapes, Program] = OrderedDict()
        self._forms: dict[_Shapes, frozenset[str]] = {}
        self._lock = Lock()

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name, in fresh arrays."""
        return self.program({name: array.shape for name, array in inputs.items()}).run(inputs)

    def program(self, shapes: Mapping[str, tuple[int, ...]]) -> Program:
        """The program for these input shapes, planned on first use."""
        key = tuple(sorted((name, tuple(shape)) for name, shape in shapes.items()))
        with self._lock:
            program = self._programs.get(key) or self._planned(key)
            self._programs.move_to_end(key)
            return program

    def _planned(self, key: _Shapes) -> Program:
        """A program for one more key, in the place of the one that was unused for longest; with it go forms of its own."""
        graph, shapes = graph_for(self.graphs, dict(key)), dict(key)
        self.prepared.asked()
        program = Program(
            graph, self.weights, shapes, self.mode, self.kernels, threads=self.threads, prepared=self.prepared
        )
        self._programs[key], self._forms[key] = program, self.prepared.asked()
        while len(self._programs) > self._kept:
            oldest, _ = self._programs.popitem(last=False)
            del self._forms[oldest]
        self.prepared.keep(frozenset().union(*self._forms.values()))
        return program
