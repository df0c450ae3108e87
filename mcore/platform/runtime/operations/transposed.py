"""Transposed convolution: each input pixel times the whole kernel, in one product, then added where it belongs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.runtime.epilogue import Epilogue
from mcore.platform.runtime.flat import TILE
from mcore.platform.runtime.fusion import Group
from mcore.platform.runtime.memory import padded_rows
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.step import Step, Steps, copy, fill, lanes, ranges, shares, together
from mcore.platform.runtime.strategies.base import LEAST_ROWS, halves, products


class TransposedConvolution(Operation):
    """``conv_transpose2d`` with one group and constant weights; the values are stored as images."""

    def __init__(self, group: Group, context: Context) -> None:
        x, weight, *bias = group.head.operands
        (self._output,) = group.outputs
        a = group.head.attributes
        self._x, self._blas = x, context.blas
        self._stride, self._padding, self._dilation = a["stride"], a["padding"], a["dilation"]
        channels, outputs, *self._kernel = context.shape(weight)
        self._matrix = context.prepared.get(
            weight,
            "(C, taps * O)",
            lambda: padded_rows(context.constants[weight].transpose(0, 2, 3, 1).reshape(channels, -1)),
        )
        self._epilogue = Epilogue(outputs, context.constants[bias[0]] if bias else None, group.stages)
        self.inputs, self.outputs = (x, *self._epilogue.inputs), group.outputs
        batch, _, height, width = context.shape(x)
        spread = width * self._matrix.shape[1]  # elements, for a row of pixels
        self._is_dense = self._tiles_exactly((height, width), context.shape(self._output)[2:])
        length = max(TILE // spread, -(-LEAST_ROWS // width)) if self._is_dense else height
        self._bands = [(i, *rows) for i in range(batch) for rows in ranges(height, length)]
        work = batch * height * channels * spread
        self._lanes = lanes(work, context.threads)
        largest = max(bottom - top for _, top, bottom in self._bands)
        self.scratch = (largest * spread, self._epilogue.scratch) * min(self._lanes, len(self._bands))

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Steps:
        if len(self._bands) == 1:  # few pixels, whose weights outweigh them: no part of these is read twice
            rows, spread = self._operands(self._bands[0], values, scratch[0])
            yield from together(
                [
                    step
                    for first, last in share
                    for step in products(rows, self._matrix[:, first:last], spread[:, first:last], self._blas)
                ]
                for share in shares(halves(self._matrix.shape[1]), self._lanes)
            )
            yield from self._placed(self._bands[0], values, spread, scratch[1])
            return
        yield from together(
            [step for band in share for step in self._band(band, values, spread, temporary)]
            for share, spread, temporary in zip(
                shares(self._bands, self._lanes), scratch[::2], scratch[1::2], strict=False
            )
        )

    def _band(
        self, band: tuple[int, int, int], values: Values, scratch: np.ndarray, temporary: np.ndarray
    ) -> Iterator[Step]:
        rows, spread = self._operands(band, values, scratch)
        yield from products(rows, self._matrix, spread, self._blas)
        yield from self._placed(band, values, spread, temporary)

    def _operands(
        self, band: tuple[int, int, int], values: Values, scratch: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The pixels of a band as rows, and where each is put times the whole kernel."""
        image, top, bottom = band
        x = values.stored(self._x)[image, top:bottom]
        rows = x.reshape(-1, x.shape[-1])
        return rows, scratch[: len(rows) * self._matrix.shape[1]].reshape(len(rows), -1)

    def _placed(
        self, band: tuple[int, int, int], values: Values, spread: np.ndarray, temporary: np.ndarray
    ) -> Iterator[Step]:
        image, top, bottom = band
        out, width = values.stored(self._output), len(spread) // (bottom - top)
        taps = spread.reshape(bottom - top, width, *self._kernel, -1)
        first, last = 0, out.shape[1]
        if self._is_dense:
            first, last = top * self._kernel[0], bottom * self._kernel[0]
            blocks = out[image, first:last].reshape(bottom - top, self._kernel[0], width, self._kernel[1], -1)
            yield Step(copy, (taps.transpose(0, 2, 1, 3, 4),), blocks)
        else:
            yield from self._accumulate(taps, out[image])
        start, row = image * out.shape[1], out.shape[2] * out.shape[3]
        yield from self._epilogue.steps(values, self._output, temporary, (start + first) * row, (start + last) * row)

    def _tiles_exactly(self, size: tuple[int, ...], out_size: tuple[int, ...]) -> bool:
        """Whether each output pixel has just one source."""
        is_dense = tuple(self._kernel) == self._stride and self._dilation == (1, 1) and self._padding == (0, 0)
        return is_dense and all(n * k == m for n, k, m in zip(size, self._kernel, out_size, strict=True))

    def _accumulate(self, taps: np.ndarray, out: np.ndarray) -> Iterator[Step]:
        yield Step(fill, (np.float32(0),), out)
        for index in np.ndindex(*self._kernel):
            spots, sources = [], []
            for axis in range(2):
                shift = index[axis] * self._dilation[axis] - self._padding[axis]
                stride, size, count = self._stride[axis], out.shape[axis], taps.shape[axis]
                first = max(-(shift // stride), 0)  # the first input whose target is inside
                stop = min((size - 1 - shift) // stride + 1, count)
                sources.append(slice(first, max(stop, first)))
                spots.append(
                    slice(first * stride + shift, max((stop - 1) * stride + shift + 1, first * stride + shift), stride)
                )
            target = out[tuple(spots)]
            if target.size:
                yield Step(np.add, (target, taps[(*sources, *index)]), target)
