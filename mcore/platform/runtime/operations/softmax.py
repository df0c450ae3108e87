"""``softmax``, ``log_softmax`` and ``normalize`` along any dimension, a piece that stays in the cache at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.ops.rules import dimension
from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.flat import TILE
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.step import Step


class Along(Operation):
    """The value is seen as (outer, size, inner) in memory, for the dimension of ``size``; outer is cut into pieces.

    Of the scratch, the first array holds a result for each (outer, inner) of a piece, the second ``copies`` of the piece.
    """

    def __init__(self, node: BoundNode, context: Context, copies: int) -> None:
        self.inputs, self.outputs = node.operands, node.outputs
        (x,) = node.operands
        shape, order = context.shape(x), context.forms.order(x)
        place = order.index(dimension(node.attributes["dim"], len(shape)))
        size, self._inner = shape[order[place]], int(np.prod([shape[axis] for axis in order[place + 1 :]]))
        self._shape = (size, self._inner) if self._inner > 1 else (size,)
        self._ones = np.ones(size, np.float32)
        self._length = max(TILE // max(size * self._inner, 1), 1)
        self.scratch = (self._length * self._inner, copies * self._length * size * self._inner)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        x, out = (values.stored(name).reshape(-1, *self._shape) for name in (*self.inputs, *self.outputs))
        for first in range(0, len(x), self._length):
            source, target = x[first : first + self._length], out[first : first + self._length]
            result = scratch[0][: len(source) * self._inner].reshape(len(source), *self._shape[1:])
            copied = scratch[1][: source.size].reshape(source.shape) if scratch[1].size else target
            yield from self.piece(source, target, result, copied)

    @abstractmethod
    def piece(self, source: np.ndarray, target: np.ndarray, result: np.ndarray, copied: np.ndarray) -> Iterator[Step]:
        """Steps for a piece of the input and of the output; ``copied`` is a temporary, or ``target`` where there is none."""

    def total(self, array: np.ndarray, out: np.ndarray) -> Step:
        """Sums along the dimension, as a product with ones."""
        if array.ndim == 2:
            return Step(np.matmul, (array, self._ones[:, None]), out[:, None])
        return Step(np.matmul, (self._ones[None], array), out[:, None])


class Softmax(Along):
    """``softmax``."""

    def __init__(self, node: BoundNode, context: Context) -> None:
        super().__init__(node, context, copies=0)

    def piece(self, source: np.ndarray, target: np.ndarray, result: np.ndarray, copied: np.ndarray) -> Iterator[Step]:
        spread = np.expand_dims(result, 1)
        yield Step(np.maximum.reduce, (source, 1), result)
        yield Step(np.subtract, (source, spread), target)
        yield Step(np.exp, (target,), target)
        yield self.total(target, result)
        yield Step(np.reciprocal, (result,), result)
        yield Step(np.multiply, (target, spread), target)


class LogSoftmax(Along):
    """``log_softmax``."""

    def __init__(self, node: BoundNode, context: Context) -> None:
        super().__init__(node, context, copies=1)

    def piece(self, source: np.ndarray, target: np.ndarray, result: np.ndarray, copied: np.ndarray) -> Iterator[Step]:
        spread = np.expand_dims(result, 1)
        yield Step(np.maximum.reduce, (source, 1), result)
        yield Step(np.subtract, (source, spread), target)
        yield Step(np.exp, (target,), copied)
        yield self.total(copied, result)
        yield Step(np.log, (result,), result)
        yield Step(np.subtract, (target, spread), target)


class Normalize(Along):
    """``normalize`` by the 2-norm."""

    def __init__(self, node: BoundNode, context: Context) -> None:
        super().__init__(node, context, copies=1)
        self._eps = np.float32(node.attributes["eps"])

    def piece(self, source: np.ndarray, target: np.ndarray, result: np.ndarray, copied: np.ndarray) -> Iterator[Step]:
        if source.ndim == 2:
            yield Step(np.vecdot, (source, source), result)
        else:
            yield Step(np.square, (source,), copied)
            yield self.total(copied, result)
        yield Step(np.sqrt, (result,), result)
        yield Step(np.maximum, (result, self._eps), result)
        yield Step(np.divide, (source, np.expand_dims(result, 1)), target)
