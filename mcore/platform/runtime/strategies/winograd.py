"""3×3 convolution by Winograd's minimal filtering F(2×2, 3×3): 16 products for 4 outputs instead of 36.

A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), https://arxiv.org/abs/1509.09308.

All transforms are sums and differences of long flat runs. For that the padded input is split by the parity of row and column
into four planes, in which the inputs of neighbouring tiles are neighbours. A row of the planes has one column more than there
are tiles; a run over rows computes a tile for it too, which is left out when the tiles are gathered for the products.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.runtime.epilogue import Epilogue
from mcore.platform.runtime.flat import repeated, with_vector
from mcore.platform.runtime.fusion import Group
from mcore.platform.runtime.memory import empty
from mcore.platform.runtime.operation import Context, Values
from mcore.platform.runtime.step import Step, copy, fill
from mcore.platform.runtime.strategies.base import Convolution, products

#: Transformed inputs and products of a band of tile rows, in elements: 4 MiB of float32. Less would fit the second-level
#: cache, but the weights are packed again for each band, which costs more.
BAND = 1048576

#: Fewest tiles of a band, so that its products are worth packing the weights.
LEAST_TILES = 64

#: G of the paper, the transform of a filter's rows and columns.
FILTER = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], np.float32)


class WinogradConvolution(Convolution):
    """Kernel 3×3, stride 1, dilation 1, one group; any padding."""

    def __init__(self, group: Group, context: Context) -> None:
        super().__init__(group, context)
        g = self.geometry
        weight = context.constants[self.weight]
        self._filters = context.prepared.get(self.weight, "winograd (16, C, O)", lambda: transformed_filters(weight))
        bias = context.constants[group.head.operands[2]] if len(group.head.operands) > 2 else None
        self._bias = None if bias is None else repeated(bias)
        self.epilogue = Epilogue(g.out_channels, None, group.stages)
        self._tiles = (g.out_size[0] + 1) // 2, (g.out_size[1] + 1) // 2
        self._pitch = self._tiles[1] + 1
        a_row = 16 * self._pitch * (g.channels + g.out_channels)
        self._band = min(max(BAND // a_row, -(-LEAST_TILES // self._pitch)), self._tiles[0])
        run, tiles = self._band * self._pitch * g.channels, self._band * self._tiles[1]
        planes = 4 * (self._tiles[0] + 1) * self._pitch * g.channels
        gathered, results = 16 * tiles * g.channels, 16 * tiles * g.out_channels
        self.scratch = (planes, 8 * run, 16 * run, gathered, results, self.epilogue.scratch)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        g = self.geometry
        x, out = values.stored(self.x), values.stored(self.output)
        planes = scratch[0].reshape(2, 2, self._tiles[0] + 1, self._pitch, g.channels)
        yield Step(fill, (np.float32(0),), planes)
        row = g.out_size[1] * g.out_channels
        for image in range(g.batch):
            yield from self._split(x[image], planes)
            for top in range(0, self._tiles[0], self._band):
                bottom = min(top + self._band, self._tiles[0])
                count = bottom - top
                transformed = scratch[2][: 16 * count * self._pitch * g.channels].reshape(16, count, self._pitch, -1)
                yield from self._transform_inputs(planes, scratch[1], transformed, top, bottom)
                tiles = scratch[3][: 16 * count * self._tiles[1] * g.channels].reshape(16, count, self._tiles[1], -1)
                yield Step(copy, (transformed[:, :, :-1],), tiles)
                results = scratch[4][: 16 * count * self._tiles[1] * g.out_channels].reshape(16, -1, g.out_channels)
                yield from products(tiles.reshape(16, -1, g.channels), self._filters, results, self.blas)
                yield from self._transform_results(results)
                last = min(2 * bottom, g.out_size[0])
                yield from self._scatter(results, out[image, 2 * top : last])
                start = image * g.out_size[0]
                yield from self.epilogue.steps(
                    values, self.output, scratch[5], (start + 2 * top) * row, (start + last) * row
                )

    def _split(self, x: np.ndarray, planes: np.ndarray) -> Iterator[Step]:
        """Copy an image into the planes; what it does not cover stays zero."""
        for parity in np.ndindex(2, 2):
            source, target = [], []
            for axis, odd in enumerate(parity):
                pad, count = self.geometry.padding[axis], planes.shape[2 + axis]
                first = max(-(-(pad - odd) // 2), 0)  # the first row of the plane that is inside of the image
                start = 2 * first + odd - pad
                stop = min(2 * count + odd - pad, self.geometry.size[axis])
                source.append(slice(start, stop, 2))
                target.append(slice(first, first + len(range(start, stop, 2))))
            yield Step(copy, (x[tuple(source)],), planes[parity][tuple(target)])

    def _transform_inputs(
        self, planes: np.ndarray, scratch: np.ndarray, out: np.ndarray, top: int, bottom: int
    ) -> Iterator[Step]:
        """BᵀdB of the paper for a band of tile rows, into ``out`` (16, rows, tiles in a row + 1, C)."""
        channels = self.geometry.channels
        size = (bottom - top) * self._pitch * channels
        rows = scratch[: 8 * size].reshape(4, 2, size)
        for parity in range(2):
            even, odd, even_below, odd_below = (
                planes[y, parity, top + down : bottom + down].reshape(-1) for down in range(2) for y in range(2)
            )
            yield Step(np.subtract, (even, even_below), rows[0, parity])
            yield Step(np.add, (odd, even_below), rows[1, parity])
            yield Step(np.subtract, (even_below, odd), rows[2, parity])
            yield Step(np.subtract, (odd, odd_below), rows[3, parity])
        for index in range(4):
            even, even_right = rows[index, 0, :-channels], rows[index, 0, channels:]
            odd, odd_right = rows[index, 1, :-channels], rows[index, 1, channels:]
            columns = out[4 * index : 4 * index + 4].reshape(4, -1)[:, :-channels]
            yield Step(np.subtract, (even, even_right), columns[0])
            yield Step(np.add, (odd, even_right), columns[1])
            yield Step(np.subtract, (even_right, odd), columns[2])
            yield Step(np.subtract, (odd, odd_right), columns[3])

    def _transform_results(self, results: np.ndarray) -> Iterator[Step]:
        """AᵀmA of the paper, in place: the four outputs of a tile come to lie in components 0, 1, 4 and 5."""
        if self._bias is not None:  # component (1, 1) goes into each of the four outputs, once
            inner = results[5].reshape(-1)
            yield from with_vector(np.add, inner, self._bias, inner)
        yield from _reduce(results.reshape(4, -1))
        for row in range(2):
            yield from _reduce(results[4 * row : 4 * row + 4].reshape(4, -1))

    def _scatter(self, results: np.ndarray, out: np.ndarray) -> Iterator[Step]:
        for row, column in np.ndindex(2, 2):
            target = out[row::2, column::2]
            source = results[4 * row + column].reshape(-1, self._tiles[1], results.shape[-1])
            yield Step(copy, (source[: len(target), : target.shape[1]],), target)


def transformed_filters(weight: np.ndarray) -> np.ndarray:
    """GgGᵀ of the paper: ``(O, C, 3, 3)`` as ``(16, C, O)``."""
    outputs, channels = weight.shape[:2]
    taps_first = np.ascontiguousarray(weight.transpose(2, 3, 1, 0)).reshape(9, -1)
    result = empty((16, channels, outputs))
    np.matmul(np.kron(FILTER, FILTER), taps_first, out=result.reshape(16, -1))
    return result


def _reduce(m: np.ndarray) -> Iterator[Step]:
    """``m0 + m1 + m2`` into ``m0``, ``m1 - m2 - m3`` into ``m1``."""
    yield Step(np.add, (m[0], m[1]), m[0])
    yield Step(np.add, (m[0], m[2]), m[0])
    yield Step(np.subtract, (m[1], m[2]), m[1])
    yield Step(np.subtract, (m[1], m[3]), m[1])
