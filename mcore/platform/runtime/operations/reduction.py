"""``mean``, ``sum``, ``amax`` and ``amin`` over dimensions that are neighbours in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mcore.platform.ops.rules import dimensions
from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.step import Step, copy

_EXTREMES = {"amax": np.maximum, "amin": np.minimum}


class Reduction(Operation):
    """The value is seen as (outer, size, inner) in memory, and reduced over size: sums are products with a vector."""

    def __init__(self, node: BoundNode, context: Context) -> None:
        self.inputs, self.outputs = node.operands, node.outputs
        (x,) = node.operands
        shape, self._order = context.shape(x), context.forms.order(x)
        self._axes = frozenset(dimensions(node.attributes["dim"], len(shape)))
        first, last = _reduced(self._order, self._axes, shape)
        sizes = [shape[axis] for axis in self._order]
        self._shape = tuple(int(np.prod(part)) for part in (sizes[:first], sizes[first:last], sizes[last:]))
        self._ufunc = _EXTREMES.get(node.op)
        size = self._shape[1]
        self._factors = np.full(size, 1 / size if node.op == "mean" else 1, np.float32)
        self._sizes = tuple(1 if axis in self._axes else shape[axis] for axis in self._order)
        self.scratch = (self._shape[0] * self._shape[2],)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        x = values.stored(self.inputs[0]).reshape(self._shape)
        outer, _, inner = self._shape
        result = scratch[0].reshape(outer, inner)
        if self._ufunc is not None:
            yield Step(self._ufunc.reduce, (x, 1), result)
        elif inner == 1:
            yield Step(np.matmul, (x[..., 0], self._factors[:, None]), result)
        else:
            yield Step(np.matmul, (self._factors[None], x), result[:, None])
        ordered = result.reshape(self._sizes).transpose(np.argsort(self._order))
        out = values.logical(self.outputs[0])
        yield Step(copy, (ordered.reshape(out.shape) if out.ndim == ordered.ndim else ordered[self._picked()],), out)

    def _picked(self) -> tuple[Any, ...]:
        """An index that drops the reduced dimensions, and gives a view even if none is left."""
        return (*(0 if axis in self._axes else slice(None) for axis in range(len(self._order))), ...)


def is_planned_reduction(node: BoundNode, context: Context) -> bool:
    """Whether the input is dense and the reduced dimensions are neighbours in memory."""
    (x,) = node.operands
    shape = context.shape(x)
    if context.forms.dense_order(x) is None or not shape:
        return False
    order, axes = context.forms.order(x), frozenset(dimensions(node.attributes["dim"], len(shape)))
    first, last = _reduced(order, axes, shape)
    return bool(axes) and all(axis in axes or shape[axis] == 1 for axis in order[first:last])


def _reduced(order: Sequence[int], axes: frozenset[int], shape: Sequence[int]) -> tuple[int, int]:
    """The range of places in ``order`` that holds the reduced dimensions, but those of size one."""
    places = [place for place, axis in enumerate(order) if axis in axes and shape[axis] > 1]
    return (places[0], places[-1] + 1) if places else (0, 0)
