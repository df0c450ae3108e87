"""Transposed convolution: each input pixel times the whole kernel, in one product, then added where it belongs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.runtime.epilogue import Epilogue
from mcore.platform.runtime.fusion import Group
from mcore.platform.runtime.memory import padded_rows
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.step import Step, copy, fill
from mcore.platform.runtime.strategies.base import products


class TransposedConvolution(Operation):
    """``conv_transpose2d`` with one group and constant weights; the values are stored as images."""

    def __init__(self, group: Group, context: Context) -> None:
        x, weight, *bias = group.head.operands
        (self._output,) = group.outputs
        a = group.head.attributes
        self._x, self._blas = x, context.blas
        self._stride, self._padding, self._dilation = a["stride"], a["padding"], a["dilation"]
        kernel = context.constants[weight]
        channels, outputs, *self._kernel = kernel.shape
        self._matrix = context.prepared.get(
            weight, "(C, taps * O)", lambda: padded_rows(kernel.transpose(0, 2, 3, 1).reshape(channels, -1))
        )
        self._epilogue = Epilogue(outputs, context.constants[bias[0]] if bias else None, group.stages)
        self.inputs, self.outputs = (x, *self._epilogue.inputs), group.outputs
        pixels = int(np.prod(context.shape(x)[2:]))
        self.scratch = (pixels * self._matrix.shape[1], self._epilogue.scratch)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        x, out = values.stored(self._x), values.stored(self._output)
        batch, height, width, channels = x.shape
        spread = scratch[0].reshape(height * width, -1)
        taps = spread.reshape(height, width, *self._kernel, -1)
        for image in range(batch):
            yield from products(x[image].reshape(-1, channels), self._matrix, spread, self._blas)
            if self._tiles_exactly(x.shape, out.shape):
                blocks = out[image].reshape(height, self._kernel[0], width, self._kernel[1], -1)
                yield Step(copy, (taps.transpose(0, 2, 1, 3, 4),), blocks)
            else:
                yield from self._accumulate(taps, out[image])
        yield from self._epilogue.steps(values, self._output, scratch[1])

    def _tiles_exactly(self, x: tuple[int, ...], out: tuple[int, ...]) -> bool:
        """Whether each output pixel has just one source."""
        is_dense = tuple(self._kernel) == self._stride and self._dilation == (1, 1) and self._padding == (0, 0)
        return is_dense and all(n * k == m for n, k, m in zip(x[1:3], self._kernel, out[1:3], strict=True))

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
