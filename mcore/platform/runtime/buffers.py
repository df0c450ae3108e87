"""Where each value of a plan lies: buffers in the arena by lifetime, and constants."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from mcore.platform.runtime.forms import IMAGE, Forms
from mcore.platform.runtime.memory import Arena, Layout, as_aligned
from mcore.platform.runtime.operation import Context, Operation
from mcore.platform.runtime.rewrite import size_bytes

_FLOAT32 = np.dtype(np.float32)


class Buffers:
    """The arrays of a plan for graph ``inputs`` and ``outputs``. ``scratch`` holds each operation's temporary buffers."""

    def __init__(
        self, inputs: Iterable[str], outputs: Iterable[str], context: Context, operations: Sequence[Operation]
    ) -> None:
        self._forms, self._constants, self._prepared = context.forms, context.constants, context.prepared
        offsets, scratch, size = _placed(inputs, outputs, context, operations)
        arena = Arena(size, shared=context.threads > 1)
        self._roots = {name: arena.array(offset, *self._flat_type(name)) for name, offset in offsets.items()}
        self.scratch = [
            [arena.array(offset, (count,), _FLOAT32) for offset, count in zip(taken, op.scratch, strict=True)]
            for taken, op in zip(scratch, operations, strict=True)
        ]

    def has(self, name: str) -> bool:
        """Whether anything reads or writes the value."""
        return self._forms.root(name) in self._roots

    def stored(self, name: str) -> np.ndarray:
        """The value as it lies in memory, contiguous: images (N, H, W, C), others by falling strides."""
        array = self.logical(name)
        image = array.transpose(IMAGE) if array.ndim == 4 else array
        return image if image.flags.c_contiguous else array.transpose(self._forms.order(name))

    def logical(self, name: str) -> np.ndarray:
        """The value in the graph's order of dimensions, a view of any strides."""
        form, root = self._forms.form(name), self._root(self._forms.root(name))
        strides = [stride * root.itemsize for stride in form.strides]
        return np.lib.stride_tricks.as_strided(root[form.offset :], self._forms.shape(name), strides)

    def rows(self, name: str, inner: int) -> np.ndarray:
        """The value as a matrix: its last ``inner`` dimensions in a row, the others in their order of memory."""
        array = self.logical(name).transpose(self._forms.order(name, inner))
        outer = array.ndim - inner
        return np.reshape(array, (math.prod(array.shape[:outer]), math.prod(array.shape[outer:])), copy=False)

    def _root(self, name: str) -> np.ndarray:
        """The buffer of a value that has one of its own, flat."""
        if name not in self._roots:
            self._roots[name] = self._prepared.get(name, "as it lies", lambda: self._laid(name))
        return self._roots[name]

    def _laid(self, name: str) -> np.ndarray:
        """A constant in the order of its form, flat."""
        return as_aligned(self._constants[name].transpose(self._forms.order(name))).reshape(-1)

    def _flat_type(self, name: str) -> tuple[tuple[int, ...], np.dtype]:
        return (math.prod(self._forms.shape(name)),), self._forms.types[name].dtype.numpy


def _placed(
    inputs: Iterable[str], outputs: Iterable[str], context: Context, operations: Sequence[Operation]
) -> tuple[dict[str, int], list[list[int]], int]:
    """Offsets of values and of each operation's scratch in the arena, and the arena's size, in bytes."""
    forms = context.forms
    last_use = _last_uses(outputs, forms, operations)
    layout = Layout()
    offsets = {name: layout.take(size_bytes(forms.types[name])) for name in inputs if name in last_use}
    scratch = []
    for position, operation in enumerate(operations):
        for name in operation.outputs:
            offsets[name] = layout.take(size_bytes(forms.types[name]))
        taken = [layout.take(4 * count) for count in operation.scratch]
        scratch.append(taken)
        for offset, count in zip(taken, operation.scratch, strict=True):
            layout.give(offset, 4 * count)
        for name in dict.fromkeys(forms.root(n) for n in (*operation.inputs, *operation.outputs)):
            if name in offsets and last_use.get(name, position) == position:
                layout.give(offsets[name], size_bytes(forms.types[name]))
    return offsets, scratch, layout.size_bytes


def _last_uses(outputs: Iterable[str], forms: Forms, operations: Sequence[Operation]) -> Mapping[str, int]:
    """Position of the last operation that reads a buffer, by its name; outputs are read after all."""
    last = {}
    for position, operation in enumerate(operations):
        last.update({forms.root(name): position for name in operation.inputs})
    last.update({forms.root(name): len(operations) for name in outputs})
    return last
