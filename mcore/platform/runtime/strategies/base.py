"""What the convolution strategies share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mcore.platform.runtime.blas import SMALL_PRODUCT, Blas
from mcore.platform.runtime.epilogue import Epilogue
from mcore.platform.runtime.flat import TILE
from mcore.platform.runtime.fusion import Group
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.step import ELEMENT, Step, Steps, in_two, is_shareable, lanes, ranges, shares, together
from mcore.platform.runtime.strategies.geometry import Geometry

#: Fewest rows of a product that is cut into pieces for the cache: below, packing the weights again costs more than it saves.
LEAST_ROWS = 256

#: Fewest rows of a product without packing; with less of them the plain call is quicker.
LEAST_SMALL_ROWS = 12


class Convolution(Operation):
    """A ``conv2d`` with constant weights and what follows it; inputs and output are stored as images."""

    def __init__(self, group: Group, context: Context) -> None:
        node = group.head
        self.geometry = Geometry.of(node, group.outputs[0], context)
        self.x, self.weight, self.output = node.operands[0], node.operands[1], group.outputs[0]
        self.blas, self.threads = context.blas, context.threads
        self.lanes = lanes(self.geometry.multiplications, context.threads)
        bias = context.constants[node.operands[2]] if len(node.operands) > 2 else None
        self.epilogue = Epilogue(self.geometry.out_channels, bias, group.stages)
        self.product = RowProduct(self.output, self.epilogue, self.blas, self.lanes, self.threads)
        self.inputs = (self.x, *self.epilogue.inputs)
        self.outputs = group.outputs

    def prepared(self, context: Context, form: str, make: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """The weight in that form."""
        return context.prepared.get(self.weight, form, lambda: make(context.constants[self.weight]))


@dataclass(frozen=True, slots=True)
class RowProduct:
    """The product of rows and constant weights, and its epilogue, shared out among lanes.

    Args:
        output: name of the value that the product is all of.
        epilogue: of its channels.
        blas: in use.
        lanes: of the product.
        threads: of the program.
    """

    output: str
    epilogue: Epilogue
    blas: Blas
    lanes: int
    threads: int

    def steps(
        self, rows: np.ndarray, weight: np.ndarray, out: np.ndarray, values: Values, scratch: Sequence[np.ndarray]
    ) -> Steps:
        """``rows @ weight`` into ``out``, which is all of the output, with a ``scratch`` of the epilogue for each lane."""
        channels = out.shape[1]
        cut = row_ranges(len(rows), channels, self.epilogue)
        if len(cut) == len(halves(channels)) == 1 and is_shareable(rows.size * channels):
            cut = in_two(len(rows))
        if len(cut) == 1:
            yield from self.in_halves(rows, weight, out, values, scratch)
            return
        yield from together(
            [
                step
                for first, last in share
                for step in (
                    *products(rows[first:last], weight, out[first:last], self.blas),
                    *self.epilogue.steps(values, self.output, own, first * channels, last * channels),
                )
            ]
            for share, own in zip(shares(cut, self.lanes), scratch, strict=False)
        )

    def in_halves(
        self, rows: np.ndarray, weight: np.ndarray, out: np.ndarray, values: Values, scratch: Sequence[np.ndarray]
    ) -> Steps:
        """:meth:`steps` with all rows at once, for few rows whose weights outweigh them.

        The product is cut by columns, so that no part of the weights is read twice; then follows the epilogue.
        """
        parts = [(weight[:, first:last], out[:, first:last]) for first, last in halves(weight.shape[1])]
        yield from together(
            [step for part, target in share for step in products(rows, part, target, self.blas)]
            for share in shares(parts, self.lanes)
        )
        yield from self._after(out, values, scratch)

    def of_few_rows(
        self, rows: np.ndarray, weight: np.ndarray, out: np.ndarray, values: Values, scratch: Sequence[np.ndarray]
    ) -> Steps:
        """``rows @ weight.T`` into ``out``, a row at a time, for so few that the weight is best read where it lies."""
        parts = [(weight[first:last], out[:, first:last]) for first, last in halves(len(weight))]
        yield from together(
            [
                Step(np.matmul, (part, row), place)
                for part, target in share
                for row, place in zip(rows, target, strict=True)
            ]
            for share in shares(parts, self.lanes)
        )
        yield from self._after(out, values, scratch)

    def _after(self, out: np.ndarray, values: Values, scratch: Sequence[np.ndarray]) -> Steps:
        """The epilogue of all of the output."""
        if self.epilogue.is_empty:
            return
        pixels = shares(range(len(out)), lanes(ELEMENT * out.size, self.threads))
        channels = out.shape[1]
        yield from together(
            list(self.epilogue.steps(values, self.output, s, share[0] * channels, (share[-1] + 1) * channels))
            for share, s in zip(pixels, scratch, strict=False)
        )


def halves(columns: int) -> list[tuple[int, int]]:
    """The columns of a product in two ranges that start at whole vectors, or in one if they are few."""
    middle = columns // 2 // 16 * 16
    return [(0, columns)] if middle < 64 else [(0, middle), (middle, columns)]


def row_ranges(rows: int, channels: int, epilogue: Epilogue) -> list[tuple[int, int]]:
    """Ranges of rows of a product: all at once, or pieces that stay in the cache until the epilogue has passed."""
    return ranges(rows, rows if epilogue.is_empty else max(LEAST_ROWS, TILE // max(channels, 1)))


def products(a: np.ndarray, weight: np.ndarray, out: np.ndarray, blas: Blas) -> Iterator[Step]:
    """``a @ weight`` for ``a`` (..., M, K) and ``weight`` (..., K, N), into ``out`` (..., M, N).

    Where BLAS has a kernel without packing, as a stack of products that are small enough for it.
    """
    rows, inner = a.shape[-2:]
    length = min(SMALL_PRODUCT // max(inner * weight.shape[-1], 1), 240)
    if not blas.has_small_kernel or length < LEAST_SMALL_ROWS or rows <= length:
        yield Step(np.matmul, (a, weight), out)
        return
    body = rows - rows % length
    yield Step(np.matmul, (_stacked(a, body, length), weight[..., None, :, :]), _stacked(out, body, length))
    if body < rows:
        yield Step(np.matmul, (a[..., body:, :], weight), out[..., body:, :])


def _stacked(matrix: np.ndarray, rows: int, length: int) -> np.ndarray:
    """The first ``rows`` of (..., M, K) as (..., rows / length, length, K), without a copy."""
    *outer, row, element = matrix.strides
    shape = (*matrix.shape[:-2], rows // length, length, matrix.shape[-1])
    return np.lib.stride_tricks.as_strided(matrix, shape, (*outer, length * row, row, element))
