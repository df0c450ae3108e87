"""Where each value of a plan lies: buffers in the arena by lifetime, and constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mcore.platform.runtime.binding import Binding
from mcore.platform.runtime.memory import Arena, Layout, aligned_copy
from mcore.platform.runtime.operation import Context, Operation
from mcore.platform.runtime.rewrite import size_bytes

_FLOAT32 = np.dtype(np.float32)


class Buffers:
    """The arrays of a plan. ``scratch`` holds, for each operation, its temporary buffers."""

    def __init__(
        self, binding: Binding, context: Context, aliases: Mapping[str, str], operations: Sequence[Operation]
    ) -> None:
        self._context, self._aliases = context, aliases
        offsets, scratch, size_bytes = _placed(binding, context, aliases, operations)
        arena = Arena(size_bytes)
        self._arrays = {name: arena.array(offset, *self._stored_type(name)) for name, offset in offsets.items()}
        self.scratch = [
            [arena.array(offset, (count,), _FLOAT32) for offset, count in zip(taken, op.scratch, strict=True)]
            for taken, op in zip(scratch, operations, strict=True)
        ]

    def has(self, name: str) -> bool:
        """Whether anything reads or writes the value."""
        return self._aliases.get(name, name) in self._arrays

    def stored(self, name: str) -> np.ndarray:
        """The value as it lies in memory, contiguous: images (N, H, W, C), all others in the graph's order."""
        root = self._aliases.get(name, name)
        if root in self._context.constants and root not in self._arrays:
            constant = self._context.constants[root]
            ordered = constant.transpose(0, 2, 3, 1) if root in self._context.images else constant
            self._arrays[root] = aligned_copy(ordered)
        return self._arrays[root].reshape(self._stored_type(name)[0])

    def logical(self, name: str) -> np.ndarray:
        """The value in the graph's order of dimensions, a view."""
        stored = self.stored(name)
        return stored.transpose(0, 3, 1, 2) if name in self._context.images else stored

    def _stored_type(self, name: str) -> tuple[tuple[int, ...], np.dtype]:
        shape = self._context.shape(name)
        if name in self._context.images:
            n, c, h, w = shape
            shape = (n, h, w, c)
        return shape, self._context.types[name].dtype.numpy


def _placed(
    binding: Binding, context: Context, aliases: Mapping[str, str], operations: Sequence[Operation]
) -> tuple[dict[str, int], list[list[int]], int]:
    """Offsets of values and of each operation's scratch in the arena, and the arena's size, in bytes."""
    sizes = {name: size_bytes(kind) for name, kind in binding.types.items()}
    last_use = _last_uses(binding, aliases, operations)
    layout = Layout()
    offsets = {name: layout.take(sizes[name]) for name in binding.inputs if name in last_use}
    scratch = []
    for position, operation in enumerate(operations):
        for name in operation.outputs:
            offsets[name] = layout.take(sizes[name])
        taken = [layout.take(4 * count) for count in operation.scratch]
        scratch.append(taken)
        for offset, count in zip(taken, operation.scratch, strict=True):
            layout.give(offset, 4 * count)
        for name in dict.fromkeys(aliases.get(n, n) for n in (*operation.inputs, *operation.outputs)):
            if name in offsets and last_use.get(name, position) == position:
                layout.give(offsets[name], sizes[name])
    return offsets, scratch, layout.size_bytes


def _last_uses(binding: Binding, aliases: Mapping[str, str], operations: Sequence[Operation]) -> dict[str, int]:
    """Position of the last operation that reads a value, by the name of its buffer; outputs are read after all."""
    last = {}
    for position, operation in enumerate(operations):
        last.update({aliases.get(name, name): position for name in operation.inputs})
    last.update({aliases.get(name, name): len(operations) for name in binding.outputs.values()})
    return last
