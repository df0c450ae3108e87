"""How values lie in memory: each in a buffer of its own in some order of its dimensions, or as a view of another's buffer.

A *form* is a buffer, an offset and strides. Whether an op is a view of its input (a permutation, a slice, a reshape that
needs no copy) is not decided by rules here: its kernel is called on an array of the input's form whose content is never
looked at, and NumPy's answer tells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mcore.platform.graph import TensorType
from mcore.platform.ops import registry
from mcore.platform.runtime.binding import BoundNode

Order = tuple[int, ...]

#: Channels last: the order of dimensions in memory of an image (N, C, H, W).
IMAGE: Order = (0, 2, 3, 1)

#: Ops whose result may be a view of their input.
VIEWS = frozenset(
    {"reshape", "flatten", "squeeze", "unsqueeze", "permute", "transpose", "expand"}
    | {"slice", "select", "split", "chunk", "unbind"}
)

#: Those of them that need a copy where the strides of their input do not allow a view.
RESHAPES = frozenset({"reshape", "flatten", "squeeze", "unsqueeze"})

#: Those that keep the dimensions as they are, but fewer of the elements.
PARTS = frozenset({"slice", "split", "chunk"})


@dataclass(frozen=True, slots=True)
class Form:
    """Part of the buffer of the value ``root``; ``offset`` and ``strides`` are in elements."""

    root: str
    offset: int
    strides: tuple[int, ...]


class Forms:
    """The forms of all values of a plan, by name; each is told once, by :meth:`place` or :meth:`derive`."""

    def __init__(self, types: Mapping[str, TensorType]) -> None:
        self.types = dict(types)
        self._forms: dict[str, Form] = {}
        largest = max((math.prod(self.shape(n)) * k.dtype.numpy.itemsize for n, k in types.items()), default=0)
        self._block = np.empty(largest + 1, np.uint8)  # never touched, so it takes no memory

    def shape(self, name: str) -> tuple[int, ...]:
        """Concrete shape in the graph's order."""
        return self.types[name].concrete({})

    def form(self, name: str) -> Form:
        """Where the value lies."""
        return self._forms[name]

    def root(self, name: str) -> str:
        """The value whose buffer this one lies in."""
        return self._forms[name].root

    def place(self, name: str, order: Order | None = None) -> None:
        """Give ``name`` a buffer of its own, its dimensions in ``order``, outermost first (the graph's by default)."""
        shape = self.shape(name)
        strides, step = [0] * len(shape), 1
        for axis in reversed(order or range(len(shape))):
            strides[axis], step = step, step * shape[axis]
        self._forms[name] = Form(name, 0, tuple(strides))

    def derive(self, node: BoundNode) -> bool:
        """Make the outputs of ``node`` views of its input; whether they can be."""
        if node.kernel is not None or node.op not in VIEWS:
            return False
        (source,) = node.operands
        array = self.outline(source)
        if node.op in RESHAPES:
            try:
                results: tuple[np.ndarray, ...] = (np.reshape(array, self.shape(node.outputs[0]), copy=False),)
            except ValueError:
                return False
        else:
            made = registry.get(node.op).kernel(array, **node.attributes)
            results = made if isinstance(made, tuple) else (made,)
        base = self._forms[source]
        for name, result in zip(node.outputs, results, strict=True):
            moved = (_address(result) - _address(array)) // result.itemsize if result.size else 0
            strides = tuple(stride // result.itemsize for stride in result.strides)
            self._forms[name] = Form(base.root, base.offset + moved, strides)
        return True

    def outline(self, name: str) -> np.ndarray:
        """An array of the value's shape and strides, in the graph's order, whose content must not be read."""
        dtype, strides = self.types[name].dtype.numpy, self._forms[name].strides
        flat = self._block[: self._block.size // dtype.itemsize * dtype.itemsize].view(dtype)
        return np.lib.stride_tricks.as_strided(flat, self.shape(name), [s * dtype.itemsize for s in strides])

    def is_dense(self, name: str, order: Order) -> bool:
        """Whether the elements lie one after the other in that order of dimensions."""
        return self.outline(name).transpose(order).flags.c_contiguous

    def order(self, name: str, inner: int = 0) -> Order:
        """Dimensions by falling strides, but the last ``inner`` ones at the end: the order of memory, if the value has one."""
        strides = self._forms[name].strides
        outer = len(strides) - inner
        return (*sorted(range(outer), key=lambda axis: (-strides[axis], axis)), *range(outer, len(strides)))

    def dense_order(self, name: str) -> Order | None:
        """The order in which the elements lie one after the other, or ``None`` where they do not."""
        order = self.order(name)
        return order if self.is_dense(name, order) else None

    def rows(self, name: str, inner: int) -> Order | None:
        """An order in which the value is rows at one distance, each the last ``inner`` dimensions in a piece; or ``None``."""
        order = self.order(name, inner)
        array = self.outline(name).transpose(order)
        outer, shape = len(order) - inner, array.shape
        try:
            rows = np.reshape(array, (math.prod(shape[:outer]), math.prod(shape[outer:])), copy=False)
        except ValueError:
            return None
        count, size = rows.shape
        step, element = (stride // rows.itemsize for stride in rows.strides)
        return order if (size <= 1 or element == 1) and (count <= 1 or step >= size) else None

    def is_matrix(self, name: str) -> bool:
        """Whether BLAS can read the last two dimensions as they lie: one of them in a piece, the other at a larger distance."""
        *_, rows, columns = self.shape(name)
        *_, down, right = self._forms[name].strides
        return (right == 1 and down >= columns) or (down == 1 and right >= rows)


def _address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])
