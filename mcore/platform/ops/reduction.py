"""Reductions over dimensions: all of them where ``dim`` is absent. Sums and means are taken in float64 and rounded once."""

from __future__ import annotations

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.promotion import floating
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import Shape, check_floating, dimension, dimensions

Axes = tuple[int, ...] | None

_KEEP = Attribute("keepdim", "bool", False)
_ATTRIBUTES = (Attribute("dim", "ints?", None), _KEEP)


def _reduced(shape: Shape, dim: Axes, keepdim: bool) -> Shape:
    axes = dimensions(dim, len(shape)) if shape or not dim else tuple(dimension(d, 0) for d in dim)
    if keepdim:
        return tuple(1 if d in axes else s for d, s in enumerate(shape))
    return tuple(s for d, s in enumerate(shape) if d not in axes)


def _axes(x: np.ndarray, dim: Axes) -> tuple[int, ...]:
    return dimensions(dim, x.ndim) if x.ndim else ()


def _infer_mean(x: TensorType, *, dim: Axes, keepdim: bool) -> tuple[TensorType, ...]:
    check_floating("x", x)
    return (TensorType(x.dtype, _reduced(x.shape, dim, keepdim)),)


def _infer_sum(x: TensorType, *, dim: Axes, keepdim: bool) -> tuple[TensorType, ...]:
    return (TensorType(summed(x.dtype), _reduced(x.shape, dim, keepdim)),)


def summed(dtype: DType) -> DType:
    """The type of a sum or product: integers and bool add up in int64."""
    return dtype if dtype.is_floating else DType.INT64


def _infer_extreme(x: TensorType, *, dim: Axes, keepdim: bool) -> tuple[TensorType, ...]:
    _check_not_empty(x, dimensions(dim, len(x.shape)) if x.shape else ())
    return (TensorType(x.dtype, _reduced(x.shape, dim, keepdim)),)


def _check_not_empty(x: TensorType, axes: tuple[int, ...]) -> None:
    if any(x.shape[d] == 0 for d in axes):
        raise ShapeError("a dimension without elements has no extreme value")


@op("mean", inputs=("x",), infer=_infer_mean, attributes=_ATTRIBUTES)
def mean(x: np.ndarray, *, dim: Axes, keepdim: bool) -> np.ndarray:
    """Mean over ``dim``; NaN over no elements."""
    count = np.prod([x.shape[d] for d in _axes(x, dim)])
    total = x.sum(_axes(x, dim), dtype=np.float64, keepdims=keepdim)
    return np.asarray(total / count).astype(x.dtype)


@op("sum", inputs=("x",), infer=_infer_sum, attributes=_ATTRIBUTES)
def total(x: np.ndarray, *, dim: Axes, keepdim: bool) -> np.ndarray:
    """Sum over ``dim``; of integers and bool in int64."""
    dtype = np.float64 if np.issubdtype(x.dtype, np.floating) else np.int64
    return np.asarray(x.sum(_axes(x, dim), dtype=dtype, keepdims=keepdim)).astype(summed(DType.of(x)).numpy)


@op("amax", inputs=("x",), infer=_infer_extreme, attributes=_ATTRIBUTES)
def amax(x: np.ndarray, *, dim: Axes, keepdim: bool) -> np.ndarray:
    """Largest value over ``dim``; NaN where there is one."""
    return np.asarray(x.max(_axes(x, dim), keepdims=keepdim))


@op("amin", inputs=("x",), infer=_infer_extreme, attributes=_ATTRIBUTES)
def amin(x: np.ndarray, *, dim: Axes, keepdim: bool) -> np.ndarray:
    """Smallest value over ``dim``; NaN where there is one."""
    return np.asarray(x.min(_axes(x, dim), keepdims=keepdim))


def _infer_argmax(x: TensorType, *, dim: int | None, keepdim: bool) -> tuple[TensorType, ...]:
    if x.dtype is DType.BOOL:
        raise ShapeError("x must be a number type, it is bool")
    dim = None if dim is None else dimension(dim, len(x.shape))
    _check_not_empty(x, tuple(range(len(x.shape))) if dim is None or not x.shape else (dim,))
    return (TensorType(DType.INT64, _reduced(x.shape, None if dim is None else (dim,), keepdim)),)


_ARG = (Attribute("dim", "int?", None), _KEEP)


@op("argmax", inputs=("x",), infer=_infer_argmax, attributes=_ARG)
def argmax(x: np.ndarray, *, dim: int | None, keepdim: bool) -> np.ndarray:
    """Index, in int64, of the first largest value along ``dim`` or in row-major order; NaN counts as the largest."""
    return np.asarray(np.argmax(x, dim if x.ndim else None, keepdims=keepdim))


@op("argmin", inputs=("x",), infer=_infer_argmax, attributes=_ARG)
def argmin(x: np.ndarray, *, dim: int | None, keepdim: bool) -> np.ndarray:
    """Index, in int64, of the first smallest value along ``dim`` or in row-major order; NaN counts as the smallest."""
    return np.asarray(np.argmin(x, dim if x.ndim else None, keepdims=keepdim))


def _infer_prod(x: TensorType, *, dim: int | None, keepdim: bool) -> tuple[TensorType, ...]:
    return (TensorType(summed(x.dtype), _reduced(x.shape, None if dim is None else (dim,), keepdim)),)


@op("prod", inputs=("x",), infer=_infer_prod, attributes=_ARG)
def prod(x: np.ndarray, *, dim: int | None, keepdim: bool) -> np.ndarray:
    """Product over ``dim``, or of all; of integers and bool in int64."""
    dtype = np.float64 if np.issubdtype(x.dtype, np.floating) else np.int64
    axes = _axes(x, None if dim is None else (dim,))
    return np.asarray(x.prod(axes, dtype=dtype, keepdims=keepdim)).astype(summed(DType.of(x)).numpy)


def _infer_truth(x: TensorType, *, dim: Axes, keepdim: bool) -> tuple[TensorType, ...]:
    # torch answers for uint8 in uint8.
    dtype = DType.UINT8 if x.dtype is DType.UINT8 else DType.BOOL
    return (TensorType(dtype, _reduced(x.shape, dim, keepdim)),)


@op("any", inputs=("x",), infer=_infer_truth, attributes=_ATTRIBUTES)
def any_(x: np.ndarray, *, dim: Axes, keepdim: bool) -> np.ndarray:
    """Whether one of the elements over ``dim`` is other than zero; false for none. Of uint8 in uint8."""
    found = np.asarray(x.astype(bool).any(_axes(x, dim), keepdims=keepdim))
    return found.astype(np.uint8) if x.dtype == np.uint8 else found


@op("all", inputs=("x",), infer=_infer_truth, attributes=_ATTRIBUTES)
def all_(x: np.ndarray, *, dim: Axes, keepdim: bool) -> np.ndarray:
    """Whether all elements over ``dim`` are other than zero; true for none. Of uint8 in uint8."""
    found = np.asarray(x.astype(bool).all(_axes(x, dim), keepdims=keepdim))
    return found.astype(np.uint8) if x.dtype == np.uint8 else found


def _infer_logsumexp(x: TensorType, *, dim: Axes, keepdim: bool) -> tuple[TensorType, ...]:
    return (TensorType(floating(x.dtype), _reduced(x.shape, dim, keepdim)),)


@op("logsumexp", inputs=("x",), infer=_infer_logsumexp, attributes=(Attribute("dim", "ints"), _KEEP))
def logsumexp(x: np.ndarray, *, dim: Axes, keepdim: bool) -> np.ndarray:
    """``log(sum(exp(x)))`` over ``dim``, without overflow on the way; minus infinity for no elements."""
    axes, wide = _axes(x, dim), x.astype(np.float64)
    peak = wide.max(axes, keepdims=True, initial=-np.inf)
    peak = np.where(np.isfinite(peak), peak, 0)
    total = np.log(np.exp(wide - peak).sum(axes, keepdims=True)) + peak
    result = total if keepdim else total.squeeze(axes)
    return np.asarray(result).astype(floating(DType.of(x)).numpy)


def _infer_median(x: TensorType, *, dim: int, keepdim: bool) -> tuple[TensorType, ...]:
    axis = dimension(dim, len(x.shape))
    _check_not_empty(x, (axis,) if x.shape else ())
    shape = _reduced(x.shape, (axis,), keepdim)
    return TensorType(x.dtype, shape), TensorType(DType.INT64, shape)


@op("median", inputs=("x",), infer=_infer_median, attributes=(Attribute("dim", "int"), _KEEP))
def median(x: np.ndarray, *, dim: int, keepdim: bool) -> tuple[np.ndarray, np.ndarray]:
    """The middle value along ``dim``, of two the lower one, and an index where it stands; NaN where there is one.

    Of equal values the index is that of one of them, not always the one that torch gives.
    """
    row = np.moveaxis(np.atleast_1d(x), dim, -1)
    order = np.argsort(row, -1, kind="stable")
    where = order[..., (row.shape[-1] - 1) // 2]
    broken = np.isnan(row)
    where = np.where(broken.any(-1), broken.argmax(-1), where)[..., None]
    values = np.take_along_axis(row, where, -1)
    shape = [1 if d == dim % max(x.ndim, 1) else n for d, n in enumerate(x.shape)]
    if not keepdim:
        del shape[dim % max(x.ndim, 1) : dim % max(x.ndim, 1) + 1]
    return tuple(np.moveaxis(a, -1, dim).reshape(shape) for a in (values, where))  # type: ignore[return-value]


def _infer_var(x: TensorType, *, dim: Axes, correction: float, keepdim: bool) -> tuple[TensorType, ...]:
    return _infer_mean(x, dim=dim, keepdim=keepdim)


@op(
    "var",
    inputs=("x",),
    infer=_infer_var,
    attributes=(Attribute("dim", "ints?", None), Attribute("correction", "number", 1), _KEEP),
)
def var(x: np.ndarray, *, dim: Axes, correction: float, keepdim: bool) -> np.ndarray:
    """Sum of squared deviations from the mean over ``dim``, divided by the number of elements less ``correction``."""
    axes = _axes(x, dim)
    count = np.prod([x.shape[d] for d in axes])
    deviation = x - x.sum(axes, dtype=np.float64, keepdims=True) / count
    squares = np.square(deviation).sum(axes, keepdims=keepdim)
    return np.asarray(squares / np.maximum(count - correction, 0)).astype(x.dtype)


def _infer_cumsum(x: TensorType, *, dim: int) -> tuple[TensorType, ...]:
    dimension(dim, len(x.shape))
    return (TensorType(summed(x.dtype), x.shape),)


@op("cumsum", inputs=("x",), infer=_infer_cumsum, attributes=(Attribute("dim", "int"),))
def cumsum(x: np.ndarray, *, dim: int) -> np.ndarray:
    """Sum of the elements up to and with each, along ``dim``; of integers and bool in int64."""
    wide = np.float64 if np.issubdtype(x.dtype, np.floating) else np.int64
    result = np.cumsum(np.atleast_1d(x), dim, dtype=wide)
    return result.reshape(x.shape).astype(summed(DType.of(x)).numpy)
