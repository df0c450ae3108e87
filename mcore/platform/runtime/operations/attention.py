"""``scaled_dot_product_attention`` on views of the projections, the scores of a few heads or rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.flat import TILE
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.step import Step, Steps, lanes, shares, together

#: Rows of scores are divided by their sums, which for a row of which no key takes part must not be zero.
_TINY = np.float32(1e-30)
_LOWEST = np.float32(np.finfo(np.float32).min)


class Attention(Operation):
    """Products read queries, keys and values where they lie, and write the result in the order that its reader wants.

    The queries are scaled, not the scores, and the result is divided by the sums, not the weights: both have fewer elements.
    """

    def __init__(self, node: BoundNode, context: Context) -> None:
        self.inputs, self.outputs = node.operands[:3], node.outputs
        *self._batch, self._queries, _ = context.shape(node.outputs[0])
        self._keys, self._width = context.shape(node.operands[1])[-2:]
        scale = node.attributes["scale"]
        self._scale = np.float32(self._width**-0.5 if scale is None else scale)
        self._mask = self._constant_mask(node, context)
        self._has_mask = self._mask is not None or len(node.operands) > 3
        if self._mask is None and len(node.operands) > 3:
            self.inputs = node.operands
        self._ones = np.ones((self._keys, 1), np.float32)
        self._rows = min(self._queries, max(TILE // max(self._keys, 1), 16))
        self._split, self._count = _blocks(self._batch, self._rows * self._keys, self._rows < self._queries)
        heads = self._count * int(np.prod(self._batch[self._split + 1 :]))
        scratch = heads * self._rows * self._keys, heads * self._rows * self._width, heads * self._rows
        scores = int(np.prod(self._batch)) * self._queries * self._keys
        self._lanes = lanes(2 * scores * self._width, context.threads)
        self.scratch = scratch * self._lanes

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Steps:
        out = values.logical(self.outputs[0])
        query, key, value = (_broadcast(values.logical(name), self._batch) for name in self.inputs[:3])
        mask = values.logical(self.inputs[3]) if len(self.inputs) > 3 else self._mask
        if mask is not None:
            mask = np.broadcast_to(mask, (*self._batch, self._queries, self._keys))
        blocks = [
            (index, slice(first, first + self._rows))
            for index in self._indices()
            for first in range(0, self._queries, self._rows)
        ]
        yield from together(
            [
                step
                for index, rows in share
                for step in self._block(
                    query[index][..., rows, :],
                    key[index].swapaxes(-1, -2),
                    value[index],
                    None if mask is None else mask[index][..., rows, :],
                    out[index][..., rows, :],
                    scratch[3 * lane : 3 * lane + 3],
                )
            ]
            for lane, share in enumerate(shares(blocks, self._lanes))
        )

    def _block(
        self,
        query: np.ndarray,
        key: np.ndarray,
        value: np.ndarray,
        mask: np.ndarray | None,
        out: np.ndarray,
        scratch: Sequence[np.ndarray],
    ) -> Iterator[Step]:
        shape = query.shape[:-1]
        count = int(np.prod(shape))
        scores = scratch[0][: count * self._keys].reshape(*shape, self._keys)
        scaled = scratch[1][: query.size].reshape(query.shape)
        column = scratch[2][:count].reshape(*shape, 1)
        yield Step(np.multiply, (query, self._scale), scaled)
        yield Step(np.matmul, (scaled, key), scores)
        if mask is not None:
            yield Step(np.add, (scores, mask), scores)
        yield Step(np.maximum.reduce, (scores, -1), column[..., 0])
        if self._has_mask:
            yield Step(np.maximum, (column, _LOWEST), column)
        yield Step(np.subtract, (scores, column), scores)
        yield Step(np.exp, (scores,), scores)
        yield Step(np.matmul, (scores, self._ones), column)
        yield Step(np.matmul, (scores, value), out)
        if self._has_mask:
            yield Step(np.maximum, (column, _TINY), column)
        yield Step(np.divide, (out, column), out)

    def _indices(self) -> Iterator[tuple[int | slice, ...]]:
        """Indices of blocks in the batch dimensions."""
        if not self._batch:
            yield ()
            return
        outer = [range(size) for size in self._batch[: self._split]]
        for index in product(*outer):
            for first in range(0, self._batch[self._split], self._count):
                yield (*index, slice(first, first + self._count))

    def _constant_mask(self, node: BoundNode, context: Context) -> np.ndarray | None:
        """A mask that is known now, to be added."""
        if node.attributes["is_causal"]:
            taking_part = np.tri(self._queries, self._keys, dtype=np.bool_)
        elif len(node.operands) > 3 and node.operands[3] in context.constants:
            taking_part = context.constants[node.operands[3]]
        else:
            return None
        if taking_part.dtype != np.bool_:
            return np.ascontiguousarray(taking_part)
        return np.where(taking_part, np.float32(0), np.float32(-np.inf))


def is_planned_attention(node: BoundNode, context: Context) -> bool:
    """Whether all is float32, or the mask a constant, and no operand is empty."""
    *operands, last = (context.types[name] for name in node.operands)
    kinds = [*operands, last][:3]
    if any(kind.dtype is not DType.FLOAT32 for kind in kinds) or not all(np.prod(kind.concrete({})) for kind in kinds):
        return False
    return len(node.operands) == 3 or last.dtype is DType.FLOAT32 or node.operands[3] in context.constants


def _broadcast(array: np.ndarray, batch: Sequence[int]) -> np.ndarray:
    return np.broadcast_to(array, (*batch, *array.shape[-2:]))


def _blocks(batch: Sequence[int], scores: int, is_cut: bool) -> tuple[int, int]:
    """Which batch dimension is cut, and how many of it make a block of about :data:`TILE` scores; later ones are whole."""
    if not batch:
        return 0, 1
    if is_cut:
        return len(batch) - 1, 1
    for split in range(len(batch)):
        inside = scores * int(np.prod(batch[split + 1 :]))
        if inside <= TILE or split == len(batch) - 1:
            return split, max(min(TILE // max(inside, 1), batch[split]), 1)
    raise AssertionError
