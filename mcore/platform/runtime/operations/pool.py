"""Pooling of images, one axis after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.flat import TILE
from mcore.platform.runtime.memory import aligned_copy
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.step import ELEMENT, Step, Steps, copy, fill, lanes, ranges, shares, together


class WindowPool(Operation):
    """``max_pool2d`` or ``avg_pool2d``: a ufunc over the rows of each window, then over its columns."""

    def __init__(self, node: BoundNode, context: Context) -> None:
        self.inputs, self.outputs = node.operands, node.outputs
        a = node.attributes
        self._kernel: tuple[int, int] = a["kernel_size"]
        self._stride: tuple[int, int] = a["stride"] or self._kernel
        self._padding: tuple[int, int] = a["padding"]
        self._dilation: tuple[int, int] = a.get("dilation", (1, 1))
        self._is_average = node.op == "avg_pool2d"
        self._ufunc: np.ufunc = np.add if self._is_average else np.maximum
        self._neutral = 0.0 if self._is_average else -np.inf
        _, channels, height, width = context.shape(node.operands[0])
        out_size = context.shape(node.outputs[0])[2:]
        self._share = self._shares(node, (height, width), out_size) if self._is_average else None
        self._bands = [
            (i, *rows)
            for i in range(context.shape(node.operands[0])[0])
            for rows in ranges(out_size[0], max(TILE // (width * channels), 1))
        ]
        largest = max(bottom - top for _, top, bottom in self._bands)
        elements = len(self._bands) * largest * width * channels * sum(self._kernel)
        self._lanes = lanes(ELEMENT * elements, context.threads)
        self.scratch = (largest * width * channels,) * self._lanes

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Steps:
        yield from together(
            [step for band in share for step in self._band(band, values, own)]
            for share, own in zip(shares(self._bands, self._lanes), scratch, strict=False)
        )

    def _band(self, band: tuple[int, int, int], values: Values, scratch: np.ndarray) -> Iterator[Step]:
        image, top, bottom = band
        source, out = values.stored(self.inputs[0])[image], values.stored(self.outputs[0])[image, top:bottom]
        rows = scratch[: (bottom - top) * source[0].size].reshape(bottom - top, *source.shape[1:])
        yield from self._reduce(0, source, rows, top)
        yield from self._reduce(1, rows, out, 0)
        if self._share is not None:
            yield Step(np.multiply, (out, self._share[top:bottom] if self._share.ndim else self._share), out)

    def _reduce(self, axis: int, source: np.ndarray, target: np.ndarray, start: int) -> Iterator[Step]:
        """Combine the windows of ``source`` along ``axis`` from ``start`` on; what is outside of it is left out."""
        parts = []
        size, count, stride = source.shape[axis], target.shape[axis], self._stride[axis]
        for tap in range(self._kernel[axis]):
            shift = start * stride + tap * self._dilation[axis] - self._padding[axis]
            first = max(-(shift // stride), 0)
            stop = min((size - 1 - shift) // stride + 1, count)
            if first < stop:
                read = slice(first * stride + shift, (stop - 1) * stride + shift + 1, stride)
                parts.append((slice(first, stop), read))
        ahead = (slice(None),) * axis
        whole = next((part for part in parts if part[0] == slice(0, count)), None)
        if whole is None:
            yield Step(fill, (np.float32(self._neutral),), target)
        else:
            parts.remove(whole)
            yield Step(copy, (source[(*ahead, whole[1])],), target)
        for spots, read in parts:
            out = target[(*ahead, spots)]
            yield Step(self._ufunc, (out, source[(*ahead, read)]), out)

    def _shares(self, node: BoundNode, size: tuple[int, int], out_size: tuple[int, ...]) -> np.ndarray:
        """One over the number of elements that each window counts, (Ho, Wo, 1), or one number where all are equal."""
        if (override := node.attributes["divisor_override"]) is not None:
            return np.asarray(1 / override, np.float32)
        counts = []
        for n, m, k, s, p in zip(size, out_size, self._kernel, self._stride, self._padding, strict=True):
            counted = p if node.attributes["count_include_pad"] else 0
            start = np.arange(m) * s - p
            counts.append(np.minimum(start + k, n + counted) - np.maximum(start, -counted))
        shares = (1 / np.outer(*counts)).astype(np.float32)
        return shares[0, 0] if np.all(shares == shares[0, 0]) else shares[:, :, None]


class AdaptiveAverage(Operation):
    """``adaptive_avg_pool2d``: a product with the shares of each bin, for rows and then for columns."""

    def __init__(self, node: BoundNode, context: Context) -> None:
        self.inputs, self.outputs = node.operands, node.outputs
        _, channels, *size = context.shape(node.operands[0])
        out_size = context.shape(node.outputs[0])[2:]
        self._rows, self._columns = (aligned_copy(bins(n, m)) for n, m in zip(size, out_size, strict=True))
        self.scratch = (out_size[0] * size[1] * channels,)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        x, out = values.stored(self.inputs[0]), values.stored(self.outputs[0])
        rows = scratch[0].reshape(out.shape[1], *x.shape[2:])
        for source, target in zip(x, out, strict=True):
            yield Step(np.matmul, (self._rows, source.reshape(len(source), -1)), rows.reshape(len(rows), -1))
            yield Step(np.matmul, (self._columns, rows), target)


def bins(size: int, count: int) -> np.ndarray:
    """Share of each of ``size`` elements in each of ``count`` bins, (count, size), float32."""
    shares = np.zeros((count, size), np.float32)
    for index in range(count):
        first, last = index * size // count, -(-(index + 1) * size // count)
        shares[index, first:last] = 1 / (last - first)
    return shares
