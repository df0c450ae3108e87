"""Node by node with plain kernels: slow, without any plan, and the definition of what a planned program must compute."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mcore.platform.runtime.binding import Binding
from mcore.platform.runtime.operation import PreparedWeights


class ReferenceExecutor:
    """Runs a binding with the registry's kernels, and lets go of a value after its last use."""

    def __init__(self, binding: Binding, prepared: PreparedWeights) -> None:
        self._binding = binding
        self._constants = {name: prepared.plain(name, binding.constants) for name in binding.constants}
        self._dead = _last_uses(binding)

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs for checked ``inputs``, in fresh arrays."""
        binding = self._binding
        values: dict[str, np.ndarray] = {**self._constants, **inputs}
        for node, dead in zip(binding.nodes, self._dead, strict=True):
            arrays = [None if i is None else values[i] for i in node.inputs]
            if node.kernel is not None:  # it may write to what it is given
                arrays = [None if a is None else a.copy() for a in arrays]
            values.update(zip(node.outputs, node.compute(arrays, binding.types), strict=True))
            for name in dead:
                del values[name]
        return {name: np.array(values[value], order="C") for name, value in binding.outputs.items()}


def _last_uses(binding: Binding) -> list[list[str]]:
    """For each node, the values that nothing after it reads."""
    alive = set(binding.outputs.values()) | binding.constants.keys()
    dead: list[list[str]] = []
    for node in reversed(binding.nodes):
        ending = [name for name in dict.fromkeys((*node.operands, *node.outputs)) if name not in alive]
        alive.update(ending)
        dead.append(ending)
    return dead[::-1]
