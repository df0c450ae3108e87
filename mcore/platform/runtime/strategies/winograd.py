"""3×3 convolution by minimal filtering, as five stacks of matrix products on views: nothing is gathered or scattered.

For tiles of m outputs and a = m + 2 inputs a side, channels last: (1) Bᵀ times the a rows of each row of tiles; (2) Bᵀ times
the a columns of each tile, into V (a², tiles, C); (3) V times the transformed filters, into M (a², tiles, O); (4) Aᵀ over the
rows of components; (5) Aᵀ over their columns, straight into the output.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from mcore.platform.runtime.epilogue import Epilogue
from mcore.platform.runtime.flat import repeated, with_vector
from mcore.platform.runtime.fusion import Group
from mcore.platform.runtime.operation import Context, Values
from mcore.platform.runtime.step import Step, Steps, ranges, shares, together
from mcore.platform.runtime.strategies.base import Convolution, products
from mcore.platform.runtime.strategies.geometry import Padded
from mcore.platform.runtime.strategies.minimal_filtering import F2, F4, MinimalFiltering

#: Transformed inputs and products of a band of tile rows, in elements: 2 MiB of float32. Less would fit the second-level
#: cache, but the filters are read again for each band, which costs more.
BAND = 524288

#: Fewest tiles of a band, so that its products are worth packing the filters.
LEAST_TILES = 64


class Band(NamedTuple):
    """Tile rows ``top`` to ``bottom`` of an image."""

    image: int
    top: int
    bottom: int


class Buffers(NamedTuple):
    """Of one band: ``rows`` transformed along one axis (inputs, later results), V, M."""

    rows: np.ndarray
    inputs: np.ndarray
    products: np.ndarray


class WinogradConvolution(Convolution):
    """Kernel 3×3, stride 1, dilation 1, one group; any padding. Tiles of 2×2 outputs."""

    filtering: MinimalFiltering = F2

    def __init__(self, group: Group, context: Context) -> None:
        super().__init__(group, context)
        g, f = self.geometry, self.filtering
        self._filters = self.prepared(context, f"winograd ({f.size**2}, C, O)", f.transformed)
        bias = context.constants[group.head.operands[2]] if len(group.head.operands) > 2 else None
        self._bias = None if bias is None else repeated(bias)
        self.epilogue = Epilogue(g.out_channels, None, group.stages)
        self._tiles = -(-g.out_size[0] // f.outputs), -(-g.out_size[1] // f.outputs)
        height, self._width = (f.outputs * count + 2 for count in self._tiles)
        self._padded = Padded(g, (height, self._width))
        a_row = f.size**2 * self._tiles[1] * (g.channels + g.out_channels)
        length = max(BAND // a_row, -(-LEAST_TILES // self._tiles[1]))
        self._bands = [Band(i, *rows) for i in range(g.batch) for rows in ranges(self._tiles[0], length)]
        self._by_band = len(self._bands) >= self.lanes
        rows = max(band.bottom - band.top for band in self._bands)
        tiles = f.size * rows * self._tiles[1]
        first = max(f.size * rows * self._width * g.channels, f.outputs * tiles * g.out_channels)
        sizes = first, f.size * tiles * g.channels, f.size * tiles * g.out_channels
        self.scratch = (
            self._padded.scratch,
            *[self.epilogue.scratch] * context.threads,
            *sizes * (self.lanes if self._by_band else 1),
        )

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Steps:
        x, out = values.stored(self.x), values.stored(self.output)
        yield from self._padded.steps(x, scratch[0], self.threads)
        padded = self._padded.view(x, scratch[0])
        temporaries, rest = scratch[1 : 1 + self.threads], scratch[1 + self.threads :]
        buffers = [Buffers(*rest[i : i + 3]) for i in range(0, len(rest), 3)]
        if self._by_band:
            yield from together(
                [step for band in share for step in self._whole(band, padded, own, out, values, temporary)]
                for share, own, temporary in zip(shares(self._bands, self.lanes), buffers, temporaries, strict=False)
            )
            return
        for band in self._bands:
            b = self._shaped(buffers[0], band)
            tile_rows = shares(range(band.bottom - band.top), self.lanes)
            yield from together(self._inputs(b, padded[band.image], band, rows) for rows in tile_rows)
            yield from together(self._products(b, c) for c in shares(range(len(b.inputs)), self.lanes))
            yield from together(
                [*self._results(b, out[band.image], band, rows), *self._epilogue(band, rows, values, temporary)]
                for rows, temporary in zip(tile_rows, temporaries, strict=False)
            )

    def _whole(
        self, band: Band, padded: np.ndarray, buffers: Buffers, out: np.ndarray, values: Values, temporary: np.ndarray
    ) -> Iterator[Step]:
        b, rows = self._shaped(buffers, band), range(band.bottom - band.top)
        yield from self._inputs(b, padded[band.image], band, rows)
        yield from self._products(b, range(len(b.inputs)))
        yield from self._results(b, out[band.image], band, rows)
        yield from self._epilogue(band, rows, values, temporary)

    def _shaped(self, buffers: Buffers, band: Band) -> Buffers:
        """V as (a², tiles, C) and M as (a², tiles, O) of the band."""
        g, components = self.geometry, self.filtering.size**2
        tiles = (band.bottom - band.top) * self._tiles[1]
        inputs = buffers.inputs[: components * tiles * g.channels].reshape(components, tiles, -1)
        results = buffers.products[: components * tiles * g.out_channels].reshape(components, tiles, -1)
        return Buffers(buffers.rows, inputs, results)

    def _inputs(self, b: Buffers, padded: np.ndarray, band: Band, rows: Sequence[int]) -> Iterator[Step]:
        """BᵀdB for some tile rows of the band."""
        f, channels, across = self.filtering, self.geometry.channels, self._tiles[1]
        count, length = len(rows), self._width * channels
        top = f.outputs * (band.top + rows[0])
        source = _view(
            padded[top:],
            (count, f.size, length),
            (f.outputs * padded.shape[1] * channels, padded.shape[1] * channels, 1),
        )
        half = b.rows[rows[0] * f.size * length :][: count * f.size * length].reshape(source.shape)
        yield Step(np.matmul, (f.inputs, source), half)
        tiles = _view(
            half,
            (f.size, count, across, f.size, channels),
            (length, f.size * length, f.outputs * channels, channels, 1),
        )
        target = b.inputs.reshape(f.size, f.size, -1, across, channels)[:, :, rows[0] : rows[0] + count]
        yield Step(np.matmul, (f.inputs, tiles), target.transpose(0, 2, 3, 1, 4))

    def _products(self, b: Buffers, components: Sequence[int]) -> Iterator[Step]:
        some = slice(components[0], components[-1] + 1)
        yield from products(b.inputs[some], self._filters[some], b.products[some], self.blas)

    def _results(self, b: Buffers, out: np.ndarray, band: Band, rows: Sequence[int]) -> Iterator[Step]:
        """AᵀmA for some tile rows of the band, into an image of the output; the bias goes in on the way."""
        f, channels, across = self.filtering, self.geometry.out_channels, self._tiles[1]
        count, length, tiles = len(rows), across * channels, b.products.shape[1] * channels
        first = rows[0] * length
        if self._bias is not None:
            inner = b.products[f.size + 1].reshape(-1)[first : first + count * length]
            yield from with_vector(np.add, inner, self._bias, inner)
        source = _view(
            b.products.reshape(-1)[first:], (count, f.size, f.size, length), (length, tiles, f.size * tiles, 1)
        )
        half = b.rows[rows[0] * f.outputs * f.size * length :][: count * f.outputs * f.size * length]
        half = half.reshape(count, f.outputs, f.size, length)  # (tile rows, output rows, components, tiles × O)
        yield Step(np.matmul, (f.results, source), half.transpose(0, 2, 1, 3))
        parts = half.reshape(count, f.outputs, f.size, across, channels).transpose(0, 1, 3, 2, 4)
        top = f.outputs * (band.top + rows[0])
        for down, height in self._whole_and_cut(count, out.shape[0] - top):
            for right, width in self._whole_and_cut(across, out.shape[1]):
                target = _view(
                    out[top + f.outputs * down.start :, f.outputs * right.start :],
                    (down.stop - down.start, height, right.stop - right.start, width, channels),
                    (f.outputs * out.shape[1] * channels, out.shape[1] * channels, f.outputs * channels, channels, 1),
                )
                yield Step(np.matmul, (f.results[:width], parts[down, :height, right]), target)

    def _whole_and_cut(self, tiles: int, size: int) -> Iterator[tuple[slice, int]]:
        """Tiles that lie inside of ``size`` outputs, then the one that its end cuts, each with its number of outputs."""
        m = self.filtering.outputs
        inside = min(tiles, size // m)
        if inside:
            yield slice(0, inside), m
        if inside < tiles:
            yield slice(inside, inside + 1), size - m * inside

    def _epilogue(self, band: Band, rows: Sequence[int], values: Values, scratch: np.ndarray) -> Iterator[Step]:
        m, (height, width) = self.filtering.outputs, self.geometry.out_size
        top, bottom = m * (band.top + rows[0]), min(m * (band.top + rows[-1] + 1), height)
        start, row = band.image * height, width * self.geometry.out_channels
        yield from self.epilogue.steps(values, self.output, scratch, (start + top) * row, (start + bottom) * row)


class LargeWinogradConvolution(WinogradConvolution):
    """Tiles of 4×4 outputs."""

    filtering = F4


def _view(array: np.ndarray, shape: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
    """The memory from the start of ``array`` in another shape, ``strides`` in elements."""
    return as_strided(array, shape, tuple(array.itemsize * stride for stride in strides))
