"""From a bound graph to a flat list of steps: rewrite, fuse, lay out, choose operations, place buffers, bind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mcore.platform.runtime import blas
from mcore.platform.runtime.binding import Binding
from mcore.platform.runtime.buffers import Buffers
from mcore.platform.runtime.crew import Crew
from mcore.platform.runtime.decomposition import decomposed
from mcore.platform.runtime.folding import fold_batch_norm
from mcore.platform.runtime.fusion import Group, fuse
from mcore.platform.runtime.hoisting import hoisted
from mcore.platform.runtime.layout import lay_out
from mcore.platform.runtime.modes import Mode
from mcore.platform.runtime.operation import Context, PreparedWeights
from mcore.platform.runtime.rewrite import simplified
from mcore.platform.runtime.selection import heads, operation
from mcore.platform.runtime.step import Step, Together


@dataclass(frozen=True, slots=True)
class Part:
    """The steps of one group; ``operation`` is the class that made them."""

    group: Group
    operation: str
    steps: tuple[Step | Together, ...]


class PlannedExecutor:
    """Runs a binding as a flat list of steps on buffers that were placed once."""

    def __init__(self, binding: Binding, mode: Mode, prepared: PreparedWeights, threads: int = 1) -> None:
        binding = hoisted(fold_batch_norm(simplified(decomposed(binding)), prepared))
        laid = lay_out(binding, fuse(binding, heads(binding)))
        context = Context(laid.forms, laid.constants, prepared, blas.current(), mode, threads)
        operations = [operation(group, context) for group in laid.groups]
        buffers = Buffers(binding.inputs, binding.outputs.values(), context, operations)
        self.parts = [
            Part(group, type(made).__name__, tuple(made.emit(buffers, scratch)))
            for group, made, scratch in zip(laid.groups, operations, buffers.scratch, strict=True)
        ]
        self.crew = Crew([step for part in self.parts for step in part.steps], threads)
        self._feeds = [(name, buffers.logical(name)) for name in binding.inputs if buffers.has(name)]
        self._outputs = [(name, buffers.logical(value)) for name, value in binding.outputs.items()]

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs for checked ``inputs``, in fresh arrays."""
        with np.errstate(all="ignore"):
            self.crew.run(lambda: self._feed(inputs))
            return {name: np.array(value, order="C") for name, value in self._outputs}

    def _feed(self, inputs: Mapping[str, np.ndarray]) -> None:
        for name, buffer in self._feeds:
            np.copyto(buffer, inputs[name])
