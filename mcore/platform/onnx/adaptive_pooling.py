"""Pooling to a given size."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.pooling import batched, check_pooled, unbatched
from mcore.platform.onnx.table import NoForm, Value, writes
from mcore.platform.ops.rules import Shape, product


def _bins(size: int, count: int) -> list[tuple[int, int]]:
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def _even(e: Emitter, x: Value, output_size: Shape) -> dict[str, list[int]] | None:
    """Windows that divide ``x`` evenly; ``None`` where the bins are no such windows."""
    sizes = [(e.known(n), e.known(c)) for n, c in zip(x.shape[-len(output_size) :], output_size, strict=True)]
    if any(c == 0 or n % c for n, c in sizes):
        return None
    window = [n // c for n, c in sizes]
    return {"kernel_shape": window, "strides": window}


@writes("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
def _avg(e: Emitter, x: Value, *, output_size: Shape) -> str:
    spatial = len(output_size)
    if all(n == 1 for n in output_size):
        return e.reduce("ReduceMean", x, list(range(x.rank - spatial, x.rank)))
    if output_size == x.shape[-spatial:]:
        return e("Identity", x)
    if window := _even(e, x, output_size):
        return unbatched(e, e("AveragePool", batched(e, x, spatial), **window), x, spatial)
    result = x.name
    for axis, count in enumerate(output_size, start=x.rank - spatial):
        size = e.known(x.shape[axis])
        means = np.zeros((size, e.known(count)), x.dtype.numpy)
        for index, (first, last) in enumerate(_bins(size, e.known(count))):
            means[first:last, index] = 1 / (last - first)
        order = list(range(x.rank))
        order[axis], order[-1] = order[-1], order[axis]
        result = e.transpose(e("MatMul", e.transpose(result, order), e.const(means)), order)
    return result


@writes("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def _max(e: Emitter, x: Value, *, output_size: Shape, return_indices: bool) -> str | tuple[str, ...]:
    spatial = len(output_size)
    check_pooled(x, DType.INT8, DType.UINT8)
    if not return_indices and all(n == 1 for n in output_size):
        return e.reduce("ReduceMax", x, list(range(x.rank - spatial, x.rank)))
    window: dict[str, Any] | None = _even(e, x, output_size)
    if window and return_indices:
        values, places = e.several("MaxPool", 2, batched(e, x, spatial), **window)
        within = e("Mod", places, e.number(product(x.shape[-spatial:]), DType.INT64))
        return unbatched(e, values, x, spatial), unbatched(e, within, x, spatial)
    if window:
        return unbatched(e, e("MaxPool", batched(e, x, spatial), **window), x, spatial)
    if return_indices:
        raise NoForm("return_indices, where the bins do not divide x evenly")
    result = x.name
    for axis, count in enumerate(output_size, start=x.rank - spatial):
        bins = _bins(e.known(x.shape[axis]), e.known(count))
        parts = [e.reduce("ReduceMax", e.slice(result, axis, first, last), [axis]) for first, last in bins]
        if not parts:
            return e("Slice", x, *(e.ints([n]) for n in (0, 0, axis)))
        result = e("Concat", *parts, axis=axis)
    return result
