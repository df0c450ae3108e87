"""Runs of samples on the Platform, in a thread: while torch computes the next golden outputs, NumPy replays the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np

from mcore.convert.errors import VerificationFailed
from mcore.platform.errors import PlatformError
from mcore.platform.graph import Graph
from mcore.platform.runtime import Program
from mcore.platform.runtime.binding import Kernel
from mcore.platform.runtime.operation import PreparedWeights
from mcore.platform.variants import graph_for

Arrays = Mapping[str, np.ndarray]


class Replays:
    """Outputs of samples by name, computed once each, weights in planned forms shared among the runs of one graph.

    Args:
        weights: by name.
        kernels: those of ``Program``, for fault injection.
    """

    def __init__(self, weights: Arrays, kernels: Mapping[str, Kernel] | None = None) -> None:
        self._weights, self._kernels = weights, kernels
        self._prepared: dict[int, tuple[Graph, PreparedWeights]] = {}
        self._begun: dict[str, Future[Arrays]] = {}
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)

    def begin(self, name: str, graphs: Graph | Sequence[Graph], inputs: Arrays) -> None:
        """Start on the sample ``name``, with the graph that takes its size, unless it was begun before."""
        if name not in self._begun:
            self._begun[name] = self._thread.submit(self._run, graphs, inputs)

    def outputs(self, name: str) -> Arrays:
        """Outputs of a sample that was begun; raises :class:`VerificationFailed` where the Platform cannot run it."""
        try:
            return self._begun[name].result()
        except PlatformError as error:
            raise VerificationFailed(f"sample {name} does not run on the Platform: {error}") from error

    def _run(self, graphs: Graph | Sequence[Graph], inputs: Arrays) -> Arrays:
        shapes = {name: array.shape for name, array in inputs.items()}
        graph = graph_for((graphs,) if isinstance(graphs, Graph) else graphs, shapes)
        # By the nodes: a graph that only lost a guard has the same ones.
        _, prepared = self._prepared.setdefault(id(graph.nodes), (graph, PreparedWeights()))
        return Program(graph, self._weights, shapes, kernels=self._kernels, prepared=prepared).run(inputs)
