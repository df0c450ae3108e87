"""Reductions over dimensions, and running sums; running products and extremes have no operator."""

from __future__ import annotations

from mcore.platform.dtypes import DType
from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.sorting import ranked
from mcore.platform.onnx.table import Value, Writer, refuses, writes
from mcore.platform.ops.promotion import floating
from mcore.platform.ops.reduction import summed
from mcore.platform.ops.rules import dimension, dimensions, product

Axes = tuple[int, ...] | None

refuses("opset 20 has no running product", "cumprod")
refuses("ONNX has no running extreme", "cummax", "cummin")


def axes_of(x: Value, dim: Axes) -> tuple[int, ...]:
    """The dimensions to reduce, counted from the front."""
    return dimensions(dim, x.rank) if x.rank else ()


def _reduction(kind: str) -> Writer:
    return lambda e, x, *, dim, keepdim: e.reduce(kind, x, axes_of(x, dim), keepdim=keepdim)


writes("mean")(_reduction("ReduceMean"))


@writes("sum")
def _sum(e: Emitter, x: Value, *, dim: Axes, keepdim: bool) -> str:
    return e.reduce("ReduceSum", e.cast(x, summed(x.dtype)), axes_of(x, dim), keepdim=keepdim)


@writes("prod")
def _prod(e: Emitter, x: Value, *, dim: int | None, keepdim: bool) -> str:
    axes = axes_of(x, None if dim is None else (dim,))
    return e.reduce("ReduceProd", e.cast(x, summed(x.dtype)), axes, keepdim=keepdim)


def _extreme(kind: str) -> Writer:
    def write(e: Emitter, x: Value, *, dim: Axes, keepdim: bool) -> str:
        if x.dtype is not DType.BOOL:
            return e.reduce(kind, x, axes_of(x, dim), keepdim=keepdim)
        return e.cast(e.reduce(kind, e.cast(x, DType.INT32), axes_of(x, dim), keepdim=keepdim), DType.BOOL)

    return write


writes("amax")(_extreme("ReduceMax"))
writes("amin")(_extreme("ReduceMin"))


def _position(kind: str) -> Writer:
    def write(e: Emitter, x: Value, *, dim: int | None, keepdim: bool) -> str:
        if dim is not None and x.rank:
            return e(kind, x, axis=dimension(dim, x.rank), keepdims=int(keepdim))
        return e.reshape(e(kind, e.reshape(x, (-1,)), axis=0, keepdims=1), e.out[0].shape)

    return write


writes("argmax")(_position("ArgMax"))
writes("argmin")(_position("ArgMin"))


def _count_of_true(e: Emitter, x: Value, dim: Axes, keepdim: bool, opposite: bool) -> str:
    truth = e.cast(x, DType.BOOL)
    if opposite:
        truth = e("Not", truth)
    return e.reduce("ReduceSum", e.cast(truth, DType.INT64), axes_of(x, dim), keepdim=keepdim)


@writes("any")
def _any(e: Emitter, x: Value, *, dim: Axes, keepdim: bool) -> str:
    found = e("Greater", _count_of_true(e, x, dim, keepdim, False), e.number(0, DType.INT64))
    return e.cast(found, DType.UINT8) if x.dtype is DType.UINT8 else found


@writes("all")
def _all(e: Emitter, x: Value, *, dim: Axes, keepdim: bool) -> str:
    found = e("Equal", _count_of_true(e, x, dim, keepdim, True), e.number(0, DType.INT64))
    return e.cast(found, DType.UINT8) if x.dtype is DType.UINT8 else found


@writes("logsumexp")
def _logsumexp(e: Emitter, x: Value, *, dim: Axes, keepdim: bool) -> str:
    """The largest value is taken out first; an infinite one is left where it is, since it has no difference to itself."""
    dtype, axes = floating(x.dtype), axes_of(x, dim)
    value = e.cast(x, dtype)
    peak = e.reduce("ReduceMax", value, axes)
    peak = e.where(e("Or", e("IsInf", peak), e("IsNaN", peak)), e.number(0, dtype), peak)
    total = e("Add", e("Log", e.reduce("ReduceSum", e("Exp", e("Sub", value, peak)), axes)), peak)
    return total if keepdim or not axes else e("Squeeze", total, e.ints(axes))


@writes("median")
def _median(e: Emitter, x: Value, *, dim: int, keepdim: bool) -> tuple[str, ...]:
    row, axis = e.as_vector(x), dimension(dim, max(x.rank, 1))
    size = row.shape[axis]
    found = ranked(e, row, size, axis, largest=False)
    middle = (size - 1) // 2
    picked = [e.slice(f, axis, middle, middle + 1) for f in found]
    return tuple(e.reshape(p, t.shape) for p, t in zip(picked, e.out, strict=True))


@writes("var")
def _var(e: Emitter, x: Value, *, dim: Axes, correction: float, keepdim: bool) -> str:
    axes = axes_of(x, dim)
    deviation = e("Sub", x, e.reduce("ReduceMean", x, axes))
    squares = e.reduce("ReduceSum", e("Mul", deviation, deviation), axes, keepdim=keepdim)
    count = e("Sub", e.number(product(x.shape[a] for a in axes), x.dtype), e.number(correction, x.dtype))
    return e("Div", squares, e("Max", count, e.number(0, x.dtype)))


@writes("cumsum")
def _cumsum(e: Emitter, x: Value, *, dim: int) -> str:
    row = e.as_vector(x)
    axis = dimension(dim, row.rank)
    result = e("CumSum", e.cast(row, summed(x.dtype)), e.number(axis, DType.INT64))
    return result if x.rank else e.reshape(result, ())
