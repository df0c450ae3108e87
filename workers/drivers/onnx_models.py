"""What drivers of runtimes that read ONNX have in common: a network as ONNX models, and the nodes that cannot be had."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from mcore.platform import onnx as to_onnx
from mcore.platform.graph import Graph, Node
from mcore.platform.onnx import NeedsSizes, NoForm
from mcore.platform.onnx.exporting import alone, at_sizes, typical_sizes
from workers.driver import LoadRejected
from workers.drivers.sizes import number_for

#: A model as the runtime has opened it.
M = TypeVar("M")


class OpenModels(Generic[M]):
    """The models of a network: one for all sizes of a graph, or one for each size where it has to be so.

    ``opens`` makes the runtime's own of an ONNX file. Raises ``LoadRejected`` for a graph that has no form in ONNX.
    """

    def __init__(self, opens: Callable[[bytes], M], graphs: Sequence[Graph], weights: Mapping[str, np.ndarray]) -> None:
        self._opens, self._graphs, self._weights = opens, graphs, weights
        self._open: dict[tuple[int, tuple[tuple[str, int], ...] | None], tuple[M, tuple[str, ...]]] = {}
        for number, graph in enumerate(graphs):
            with contextlib.suppress(NeedsSizes):
                self._open[number, None] = self._made(graph, None)

    def opened(self) -> list[M]:
        """Those that are open."""
        return [model for model, _ in self._open.values()]

    def taking(self, inputs: Mapping[str, np.ndarray]) -> tuple[M, tuple[str, ...]]:
        """The model for ``inputs`` and the names of its outputs; a size that needs one of its own gets it here."""
        assert self._graphs
        number = number_for(self._graphs, inputs)
        if (found := self._open.get((number, None))) is not None:
            return found
        graph = self._graphs[number]
        sizes = graph.bind({name: value.shape for name, value in inputs.items()})
        key = number, tuple(sorted(sizes.items()))
        if key not in self._open:
            self._open[key] = self._made(graph, sizes)
        return self._open[key]

    def close(self) -> None:
        """Forget them."""
        self._open.clear()
        self._graphs = ()

    def _made(self, graph: Graph, sizes: Mapping[str, int] | None) -> tuple[M, tuple[str, ...]]:
        try:
            exported = to_onnx.export(graph, self._weights, sizes)
        except NoForm as error:
            raise LoadRejected(f"no ONNX model: {error}") from error
        return self._opens(exported.model.SerializeToString()), exported.outputs


class Lacking:
    """Which nodes a runtime cannot run, known by trying each by itself, and the same kind of node once.

    ``refuses`` says of an ONNX model of one node why the runtime does not have it, ``""`` where it has.
    """

    def __init__(self, refuses: Callable[[bytes], str]) -> None:
        self._refuses = refuses
        self._known: dict[tuple[Any, ...], str] = {}

    def of(self, graph: Graph) -> Sequence[str]:
        """Ops of ``graph`` that ONNX has no form for, and those that the runtime refuses, at a size that the graph admits."""
        sizes = typical_sizes(graph)
        if sizes is None:
            return ()
        fixed = at_sizes(graph, sizes)
        return sorted({reason for node in fixed.nodes if (reason := self._of_node(fixed, node))})

    def _of_node(self, graph: Graph, node: Node) -> str:
        types = tuple(None if name is None else graph.type_of(name) for name in node.inputs)
        key = node.op, types, repr(sorted(node.attributes.items()))
        if key not in self._known:
            self._known[key] = self._tried(alone(graph, node), node.op)
        return self._known[key]

    def _tried(self, graph: Graph, op: str) -> str:
        try:
            reason = self._refuses(to_onnx.export(graph, {}).model.SerializeToString())
        except NoForm as error:
            return str(error)
        return reason and f"{op}: {reason}"
