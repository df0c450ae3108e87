"""Norms whose statistics are those of the input: over rows (layer norm), or over pixels and groups of channels of an image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.flat import PERIOD, TILE, pieces, repeated, with_vector
from mcore.platform.runtime.layout import row_dimensions
from mcore.platform.runtime.memory import aligned_copy
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.step import ELEMENT, Step, Steps, copy, lanes, ranges, shares, together

#: Times that a layer norm passes over its elements, roughly.
PASSES = 6


def _vector(node: BoundNode, position: int, context: Context) -> np.ndarray | None:
    """A constant operand, flat; ``None`` if it is absent."""
    name = node.inputs[position] if position < len(node.inputs) else None
    return None if name is None else context.constants[name].reshape(-1)


def _inverse_root(values: np.ndarray, eps: float) -> Iterator[Step]:
    """``1 / sqrt(values + eps)``, in place."""
    yield Step(np.add, (values, np.float32(eps)), values)
    yield Step(np.sqrt, (values,), values)
    yield Step(np.reciprocal, (values,), values)


class LayerNorm(Operation):
    """``layer_norm`` with constant weights, a few rows at a time.

    Sums are products with a vector of ones, which BLAS computes several times quicker than NumPy adds up short rows.
    """

    def __init__(self, node: BoundNode, context: Context) -> None:
        self.inputs, self.outputs = node.operands[:1], node.outputs
        self._inner, self._eps = row_dimensions(node), node.attributes["eps"]
        size = int(np.prod(node.attributes["normalized_shape"]))
        weight, bias = (_vector(node, position, context) for position in (1, 2))
        self._weight, self._bias = (None if v is None else repeated(v) for v in (weight, bias))
        self._share = np.full((size, 1), 1 / size, np.float32)
        length = max(TILE // size, 1)
        elements = int(np.prod(context.shape(node.operands[0])))
        self._ranges = ranges(elements // size, length)
        self._lanes = lanes(PASSES * ELEMENT * elements, context.threads)
        self.scratch = (length,) * self._lanes

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Steps:
        x, out = values.rows(self.inputs[0], self._inner), values.rows(self.outputs[0], self._inner)
        yield from together(
            [step for first, last in share for step in self._normalized(x[first:last], out[first:last], own)]
            for share, own in zip(shares(self._ranges, self._lanes), scratch, strict=False)
        )

    def _normalized(self, source: np.ndarray, target: np.ndarray, scratch: np.ndarray) -> Iterator[Step]:
        column = scratch[: len(source)]
        yield Step(np.matmul, (source, self._share), column[:, None])
        yield Step(np.subtract, (source, column[:, None]), target)
        yield Step(np.vecdot, (target, target), column)
        yield Step(np.multiply, (column, self._share[0, 0]), column)
        yield from _inverse_root(column, self._eps)
        yield Step(np.multiply, (target, column[:, None]), target)
        flat = target.reshape(-1)
        if self._weight is not None:
            yield from with_vector(np.multiply, flat, self._weight, flat)
        if self._bias is not None:
            yield from with_vector(np.add, flat, self._bias, flat)


class GroupNorm(Operation):
    """``group_norm``, or ``instance_norm`` as one group a channel, of an image, with constant weights."""

    def __init__(self, node: BoundNode, context: Context) -> None:
        self.inputs, self.outputs = node.operands[:1], node.outputs
        self._eps = node.attributes["eps"]
        _, self._channels, height, width = context.shape(node.operands[0])
        is_group = node.op == "group_norm"
        self._groups: int = node.attributes["num_groups"] if is_group else self._channels
        weight, bias = (_vector(node, position, context) for position in ((1, 2) if is_group else (3, 4)))
        self._weight = aligned_copy(np.ones(self._channels, np.float32) if weight is None else weight)
        self._bias = None if bias is None else repeated(bias)
        pixels = height * width
        self._ranges = list(pieces(0, pixels * self._channels, self._channels))
        self._share = np.full((1, pixels), self._groups / (pixels * self._channels), np.float32)
        largest = max((last - first for first, last in self._ranges), default=0)
        period = -(-PERIOD // self._channels) * self._channels
        self.scratch = (largest, len(self._ranges) * self._channels, self._channels, self._groups, period)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        channels, tile = self._channels, scratch[4]
        for source, target in zip(values.stored(self.inputs[0]), values.stored(self.outputs[0]), strict=True):
            x, out = source.reshape(-1), target.reshape(-1)
            vector, groups = scratch[2], scratch[3]
            yield Step(np.matmul, (self._share, x.reshape(-1, channels)), vector[None])
            yield from self._by_group(vector, groups, vector)
            yield Step(copy, (vector,), tile.reshape(-1, channels))
            yield from with_vector(np.subtract, x, tile, out)
            parts = scratch[1].reshape(-1, channels)
            for (first, last), part in zip(self._ranges, parts, strict=True):
                square = scratch[0][: last - first].reshape(-1, channels)
                yield Step(np.square, (out[first:last],), square.reshape(-1))
                yield Step(np.matmul, (self._share[:, : len(square)], square), part[None])
            yield Step(np.add.reduce, (parts, 0), vector)
            yield from self._by_group(vector, groups, None)
            yield from _inverse_root(groups, self._eps)
            yield Step(copy, (groups[:, None],), vector.reshape(self._groups, -1))
            yield Step(np.multiply, (vector, self._weight), vector)
            yield Step(copy, (vector,), tile.reshape(-1, channels))
            for first, last in self._ranges:
                yield from with_vector(np.multiply, out[first:last], tile, out[first:last])
                if self._bias is not None:
                    yield from with_vector(np.add, out[first:last], self._bias, out[first:last])

    def _by_group(self, vector: np.ndarray, groups: np.ndarray, out: np.ndarray | None) -> Iterator[Step]:
        """Sums of each group's elements of ``vector``, and if ``out`` is given those for each of its elements."""
        yield Step(np.add.reduce, (vector.reshape(self._groups, -1), 1), groups)
        if out is not None:
            yield Step(copy, (groups[:, None],), out.reshape(self._groups, -1))
