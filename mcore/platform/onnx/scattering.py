"""Values written to positions of a copy."""

from __future__ import annotations

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.onnx.emitter import END, Emitter
from mcore.platform.onnx.table import Value, writes
from mcore.platform.ops.promotion import Scalar
from mcore.platform.ops.rules import Shape, Size, dimension


def _scattered(e: Emitter, x: Value, index: Value, src: Value | str, dim: int, reduction: str | None = None) -> str:
    """``src`` has the shape of ``index`` or, as a :class:`Value`, is cut down to it."""
    row, places = e.as_vector(x), e.as_vector(index)
    if isinstance(src, Value):
        src = _within(e, e.as_vector(src), places.shape)
    result = e("ScatterElements", row, places, src, axis=dimension(dim, row.rank), reduction=reduction)
    return result if x.rank else e.reshape(result, ())


def _within(e: Emitter, src: Value, shape: Shape) -> str:
    if src.shape == shape:
        return src.name
    count = len(shape)
    return e("Slice", src, e.ints([0] * count), e.ints(shape), e.ints(list(range(count))))


@writes("scatter")
def _scatter(e: Emitter, x: Value, index: Value, y: Value | None = None, *, dim: int, src: Scalar | None) -> str:
    if y is not None:
        return _scattered(e, x, index, y, dim)
    assert src is not None
    return _scattered(e, x, index, _filled(e, src, x.dtype, index), dim)


def _filled(e: Emitter, value: Scalar, dtype: DType, like: Value) -> str:
    return e("Expand", e.number(value, dtype), e.ints(e.as_vector(like).shape))


@writes("scatter_add")
def _scatter_add(e: Emitter, x: Value, index: Value, src: Value, *, dim: int) -> str:
    return _scattered(e, x, index, src, dim, "add")


_REDUCTIONS = {"sum": "add", "mean": "add", "prod": "mul", "amax": "max", "amin": "min"}


@writes("scatter_reduce")
def _scatter_reduce(
    e: Emitter, x: Value, index: Value, src: Value, *, dim: int, reduce: str, include_self: bool
) -> str:
    target = x
    if not include_self:
        start = _filled(e, _neutral(reduce, x.dtype), x.dtype, index)
        target = Value(_scattered(e, x, index, start, dim), x.type)
    result = _scattered(e, target, index, src, dim, _REDUCTIONS[reduce])
    if reduce != "mean":
        return result
    begun = e("Expand", e.number(int(include_self), x.dtype), e.ints(x.shape))
    count = _scattered(e, Value(begun, x.type), index, _filled(e, 1, x.dtype, index), dim, "add")
    count = e("Max", count, e.number(1, x.dtype))
    if x.dtype.is_floating:
        return e("Div", result, count)
    return e("Div", e("Sub", result, e("Mod", result, count)), count)


def _neutral(reduce: str, dtype: DType) -> Scalar:
    """What changes nothing when it is reduced with another value."""
    if reduce in ("sum", "mean"):
        return 0
    if reduce == "prod":
        return 1
    if dtype.is_floating:
        return float("-inf") if reduce == "amax" else float("inf")
    if dtype is DType.BOOL:
        return reduce == "amin"
    limits = np.iinfo(dtype.numpy)
    return int(limits.min if reduce == "amax" else limits.max)


@writes("slice_scatter")
def _slice_scatter(
    e: Emitter, x: Value, src: Value, *, dim: int, start: Size | None, end: Size | None, step: int
) -> str:
    axis = dimension(dim, x.rank)
    order = [axis, *[d for d in range(x.rank) if d != axis]]
    back = sorted(range(x.rank), key=order.__getitem__)
    first, last = 0 if start is None else start, END if end is None else end
    rows = e.slice(e.range(x.shape[axis]), 0, first, last, step)
    places = e("Unsqueeze", rows, e.ints([1]))
    updates = e.transpose(e.cast(src, x.dtype), order)
    return e.transpose(e("ScatterND", e.transpose(x, order), places, updates), back)
