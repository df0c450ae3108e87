"""Any convolution as a matrix product: the windows are copied out, a band of output rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from mcore.platform.runtime.fusion import Group
from mcore.platform.runtime.memory import aligned_copy, padded_rows
from mcore.platform.runtime.operation import Context, Values
from mcore.platform.runtime.step import Step, Steps, copy, ranges, shares, together
from mcore.platform.runtime.strategies.base import Convolution, products
from mcore.platform.runtime.strategies.geometry import Geometry, Padded, windows

#: Elements of the copied windows of a band: 512 KiB of float32, which with weights and result stay in the cache.
BAND = 131072

#: Fewest output pixels of a band, for the product's sake.
LEAST_PIXELS = 192


class Band(NamedTuple):
    """Output rows ``top`` to ``bottom`` of the images ``first`` to ``last``: several images only where all rows are in it."""

    first: int
    last: int
    top: int
    bottom: int


def bands(g: Geometry) -> Iterator[Band]:
    """Bands that cover the output, each of about :data:`BAND` elements of windows."""
    pixels = max(BAND // (g.taps * g.channels), LEAST_PIXELS)
    height, width = g.out_size
    if pixels >= g.pixels:
        for first, last in ranges(g.batch, pixels // g.pixels):
            yield Band(first, last, 0, height)
        return
    for image in range(g.batch):
        for top, bottom in ranges(height, pixels // width):
            yield Band(image, image + 1, top, bottom)


class Im2colConvolution(Convolution):
    """Any kernel, stride, padding and dilation; the groups of a grouped convolution are a stack of products."""

    def __init__(self, group: Group, context: Context) -> None:
        super().__init__(group, context)
        g = self.geometry
        self._matrix = self.prepared(context, "(G, taps * C, O)", lambda w: _matrices(w, g.groups))
        self._padded = Padded(g)
        self._bands = list(bands(g))
        largest = max((b.last - b.first) * (b.bottom - b.top) for b in self._bands)
        columns = largest * g.out_size[1] * g.taps * g.channels
        self.scratch = (self._padded.scratch, *[columns, self.epilogue.scratch] * context.threads)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Steps:
        g = self.geometry
        x, out = values.stored(self.x), values.stored(self.output)
        yield from self._padded.steps(x, scratch[0], self.threads)
        padded = self._padded.view(x, scratch[0])
        columns, temporaries = scratch[1::2], scratch[2::2]
        if len(self._bands) == g.groups == 1:
            rows = columns[0].reshape(-1, g.taps * g.channels)
            yield self._gather(padded, rows[None], self._bands[0])
            yield from self.product.in_halves(
                rows, self._matrix[0], out.reshape(-1, g.out_channels), values, temporaries
            )
            return
        yield from together(
            [step for band in share for step in self._band(band, padded, own, out, values, temporary)]
            for share, own, temporary in zip(shares(self._bands, self.lanes), columns, temporaries, strict=False)
        )

    def _band(
        self, band: Band, padded: np.ndarray, columns: np.ndarray, out: np.ndarray, values: Values, scratch: np.ndarray
    ) -> Iterator[Step]:
        g = self.geometry
        pixels = (band.last - band.first) * (band.bottom - band.top) * g.out_size[1]
        rows = columns[: pixels * g.taps * g.channels].reshape(g.groups, pixels, -1)
        yield self._gather(padded, rows, band)
        start = (band.first * g.out_size[0] + band.top) * g.out_size[1]
        result = out.reshape(-1, g.groups, g.out_channels // g.groups)[start : start + pixels].swapaxes(0, 1)
        if g.groups == 1:
            yield from products(rows[0], self._matrix[0], result[0], self.blas)
        else:
            yield Step(np.matmul, (rows, self._matrix), result)
        first, last = start * g.out_channels, (start + pixels) * g.out_channels
        yield from self.epilogue.steps(values, self.output, scratch, first, last)

    def _gather(self, padded: np.ndarray, columns: np.ndarray, band: Band) -> Step:
        g = self.geometry
        if g.groups == 1 and g.dilation[1] == 1:  # the taps of a row of the kernel are neighbours in memory
            read = windows(padded, g, g.kernel[1] * g.channels)[band.first : band.last, band.top : band.bottom, :, :, 0]
            return Step(copy, (read,), columns.reshape(read.shape))
        read = windows(padded, g, g.channels)[band.first : band.last, band.top : band.bottom]
        grouped = _by_group(read, g)
        return Step(copy, (grouped,), columns.reshape(grouped.shape))


def _by_group(read: np.ndarray, g: Geometry) -> np.ndarray:
    """Windows (..., C) as (G, ..., C / G), a view."""
    size = g.channels // g.groups
    *outer, element = read.strides
    return np.lib.stride_tricks.as_strided(
        read, (g.groups, *read.shape[:-1], size), (size * element, *outer, element), writeable=False
    )


def _matrices(weight: np.ndarray, groups: int) -> np.ndarray:
    """``(O, C / G, kh, kw)`` as ``(G, kh * kw * C / G, O / G)``."""
    if groups == 1:
        return padded_rows(weight.transpose(2, 3, 1, 0))[None]
    outputs, channels = weight.shape[:2]
    taps_first = weight.reshape(groups, outputs // groups, channels, -1).transpose(0, 3, 2, 1)
    return aligned_copy(taps_first.reshape(groups, -1, outputs // groups))
