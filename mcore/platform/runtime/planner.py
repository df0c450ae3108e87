"""From a bound graph to a flat list of steps: rewrite, fuse, lay out, choose operations, place buffers, bind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mcore.platform.runtime import blas
from mcore.platform.runtime.binding import Binding
from mcore.platform.runtime.buffers import Buffers
from mcore.platform.runtime.folding import fold_batch_norm
from mcore.platform.runtime.fusion import Group, fuse
from mcore.platform.runtime.layout import images
from mcore.platform.runtime.modes import Mode
from mcore.platform.runtime.operation import Context, Operation, PreparedWeights
from mcore.platform.runtime.rewrite import RESHAPES, simplified
from mcore.platform.runtime.selection import heads, operation
from mcore.platform.runtime.step import Step


class PlannedExecutor:
    """Runs a binding as a flat list of steps on buffers that were placed once."""

    def __init__(self, binding: Binding, mode: Mode, prepared: PreparedWeights) -> None:
        binding = fold_batch_norm(simplified(binding), prepared)
        groups = fuse(binding, heads(binding))
        stored_as_images = images(binding, groups)
        context = Context(binding.types, binding.constants, stored_as_images, prepared, blas.current(), mode)
        aliases, operations = _operations(groups, binding, context)
        buffers = Buffers(binding, context, aliases, operations)
        self._steps: list[Step] = [
            step for i, op in enumerate(operations) for step in op.emit(buffers, buffers.scratch[i])
        ]
        self._feeds = [(name, buffers.logical(name)) for name in binding.inputs if buffers.has(name)]
        self._outputs = [(name, buffers.logical(value)) for name, value in binding.outputs.items()]

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs for checked ``inputs``, in fresh arrays."""
        with np.errstate(all="ignore"):
            for name, buffer in self._feeds:
                np.copyto(buffer, inputs[name])
            for call, arguments, out in self._steps:
                call(*arguments, out=out)
            return {name: np.array(value, order="C") for name, value in self._outputs}


def _operations(groups: Sequence[Group], binding: Binding, context: Context) -> tuple[dict[str, str], list[Operation]]:
    """The operations in order; a reshape that moves nothing is no operation, but another name for its input's buffer."""
    aliases: dict[str, str] = {}
    operations = []
    for group in groups:
        node = group.head
        if (
            node.kernel is None
            and node.op in RESHAPES
            and all(_is_in_order(n, context) for n in (*node.operands, *node.outputs))
        ):
            source = node.operands[0]
            aliases[node.outputs[0]] = aliases.get(source, source)
        else:
            operations.append(operation(group, binding, context))
    return aliases, operations


def _is_in_order(name: str, context: Context) -> bool:
    """Whether the elements lie in memory in the graph's order."""
    if name not in context.images:
        return True
    _, channels, height, width = context.shape(name)
    return channels == 1 or height * width == 1
