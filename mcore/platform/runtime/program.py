"""A network ready to run at one set of input shapes; the public face of the runtime."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from threading import Lock
from typing import NamedTuple, Protocol

import numpy as np

from mcore.platform.errors import BackendError, GraphError
from mcore.platform.graph import Graph, TensorType
from mcore.platform.runtime.binding import Kernel, bind
from mcore.platform.runtime.modes import Mode
from mcore.platform.runtime.operation import PreparedWeights
from mcore.platform.runtime.planner import PlannedExecutor
from mcore.platform.runtime.reference import ReferenceExecutor


class Executor(Protocol):
    """What runs a bound graph."""

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs for checked inputs, in fresh arrays."""


class _Planned(NamedTuple):
    """An executor, the process that it belongs to, and the lock that a run holds."""

    process: int
    executor: Executor
    lock: Lock


class Program:
    """``graph`` with ``weights`` for inputs of ``shapes``.

    Args:
        graph: the network.
        weights: arrays by weight name; they are read, never written, and must stay as they are: some are not copied.
        shapes: sizes of each input, by name.
        mode: a :class:`~mcore.platform.runtime.modes.Mode` or its name.
        kernels: by op name, functions that compute these ops instead of the Platform's own: ``fn(*arrays, **attributes)`` in
            the graph's order of dimensions, returning an array or a tuple of them (fault injection).
        threads: how many processors a run may use, by processes that are forked from this one (see
            :mod:`mcore.platform.runtime.crew`); it changes no bit of the result.
        prepared: weights in planned forms, shared by the programs of one graph and its weights.

    Raises:
        GraphError: shapes or weights do not fit the graph, or the graph is not well formed.
        GuardError: a size that the capture did not cover.
        ResourceError: the values do not fit in the memory of this machine.
        BackendError: an unknown mode, or no thread at all.
    """

    def __init__(
        self,
        graph: Graph,
        weights: Mapping[str, np.ndarray],
        shapes: Mapping[str, tuple[int, ...]],
        mode: Mode | str = Mode.DEFAULT,
        kernels: Mapping[str, Kernel] | None = None,
        *,
        threads: int = 1,
        prepared: PreparedWeights | None = None,
    ) -> None:
        self.mode = Mode.of(mode)
        if threads < 1:
            raise BackendError(f"a program needs a thread or more, not {threads}")
        binding = bind(graph, weights, shapes, kernels)
        self._inputs = binding.inputs
        prepared = PreparedWeights() if prepared is None else prepared
        self._plan: Callable[[], Executor]
        if self.mode is Mode.REFERENCE:
            self._plan = partial(ReferenceExecutor, binding, prepared)
        else:
            self._plan = partial(PlannedExecutor, binding, self.mode, prepared, threads)
        self._planned = self._made()

    @property
    def executor(self) -> Executor:
        """What runs the graph in this process: a fork has one of its own, on memory of its own."""
        return self._here().executor

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name, in fresh arrays. Calls from several threads take turns; use a program per thread to run at once.

        Raises:
            GraphError: an input is missing or unknown, or of another shape or element type than the program's.
            BackendError: a process that ran lanes of the program was killed.
            ResourceError: no such process can be made.
        """
        check_inputs(inputs, self._inputs)
        planned = self._here()
        with planned.lock:
            return planned.executor.run(inputs)

    def _here(self) -> _Planned:
        if self._planned.process != os.getpid():
            self._planned = self._made()
        return self._planned

    def _made(self) -> _Planned:
        with np.errstate(all="ignore"):  # weights may be anything; what comes of them is the outputs' matter
            return _Planned(os.getpid(), self._plan(), Lock())


def check_inputs(inputs: Mapping[str, np.ndarray], types: Mapping[str, TensorType]) -> None:
    """Raise :class:`GraphError` unless ``inputs`` are arrays of just these ``types``."""
    if unknown := set(inputs) ^ set(types):
        raise GraphError(f"inputs are {', '.join(types)}; missing or unknown: {', '.join(sorted(unknown))}")
    for name, kind in types.items():
        array = inputs[name]
        if array.dtype != kind.dtype.numpy:
            raise GraphError(f"input {name!r} is {array.dtype}, the graph wants {kind.dtype}")
        if array.shape != kind.shape:
            raise GraphError(f"input {name!r} has shape {array.shape}, the program was planned for {kind.shape}")
