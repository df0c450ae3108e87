"""``softmax`` and ``log_softmax`` along any dimension, a piece that stays in the cache at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.ops.rules import dimension
from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.flat import TILE
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.step import Step


class Softmax(Operation):
    """The value is seen as (outer, size, inner) in memory, for the dimension of ``size``; outer is cut into pieces."""

    def __init__(self, node: BoundNode, context: Context) -> None:
        self.inputs, self.outputs = node.operands, node.outputs
        self._is_log = node.op == "log_softmax"
        (x,) = node.operands
        shape, order = context.shape(x), context.forms.order(x)
        place = order.index(dimension(node.attributes["dim"], len(shape)))
        self._size = shape[order[place]]
        self._inner = int(np.prod([shape[axis] for axis in order[place + 1 :]]))
        self._ones = np.ones(self._size, np.float32)
        self._length = max(TILE // max(self._size * self._inner, 1), 1)
        self.scratch = (self._length * self._inner, self._length * self._size * self._inner if self._is_log else 0)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        shape = (-1, self._size, self._inner) if self._inner > 1 else (-1, self._size)
        x, out = (values.stored(name).reshape(shape) for name in (*self.inputs, *self.outputs))
        for first in range(0, len(x), self._length):
            source, target = x[first : first + self._length], out[first : first + self._length]
            result = scratch[0][: len(source) * self._inner].reshape(len(source), *shape[2:])
            spread = np.expand_dims(result, 1)
            yield Step(np.maximum.reduce, (source, 1), result)
            yield Step(np.subtract, (source, spread), target)
            powers = scratch[1][: target.size].reshape(target.shape) if self._is_log else target
            yield Step(np.exp, (target,), powers)
            yield total(powers, self._ones, result)
            if self._is_log:
                yield Step(np.log, (result,), result)
                yield Step(np.subtract, (target, spread), target)
            else:
                yield Step(np.reciprocal, (result,), result)
                yield Step(np.multiply, (target, spread), target)


def total(array: np.ndarray, ones: np.ndarray, out: np.ndarray) -> Step:
    """Sums along dimension 1 of (outer, size) or (outer, size, inner), as a product with ``ones``."""
    if array.ndim == 2:
        return Step(np.matmul, (array, ones[:, None]), out[:, None])
    return Step(np.matmul, (ones[None], array), out[:, None])
