"""Pooling by windows over the last one, two or three dimensions of ``(N, C, ...)`` or ``(C, ...)``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import Shape, check_not_negative, check_positive, check_rank
from mcore.platform.ops.windows import tap, window_count

Ints = tuple[int, ...]


def _pooled(
    x: TensorType, kernel_size: Shape, stride: Shape | None, padding: Shape, dilation: Ints, ceil_mode: bool
) -> Shape:
    """The shape of the result."""
    rank = len(kernel_size)
    check_rank("x", x, rank + 1, rank + 2)
    stride = stride or kernel_size
    check_positive(kernel_size=kernel_size, stride=stride, dilation=dilation)
    check_not_negative(padding=padding)
    for kernel, pad in zip(kernel_size, padding, strict=True):
        if isinstance(kernel, int) and isinstance(pad, int) and 2 * pad > kernel:
            raise ShapeError(f"padding {pad} is more than half of the window of {kernel}")
    sizes = [
        window_count(n, k, s, p, d, ceil_mode=ceil_mode)
        for n, k, s, p, d in zip(x.shape[-rank:], kernel_size, stride, padding, dilation, strict=True)
    ]
    return (*x.shape[:-rank], *sizes)


def _windows(
    x: np.ndarray, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, ceil_mode: bool, fill: float
) -> Iterator[np.ndarray]:
    """For each tap of the window, its values at every output position; ``fill`` stands outside of ``x``."""
    rank = len(kernel)
    counts, pads = [], [(0, 0)] * (x.ndim - rank)
    for n, k, s, p, d in zip(x.shape[-rank:], kernel, stride, padding, dilation, strict=True):
        count = window_count(n, k, s, p, d, ceil_mode=ceil_mode)
        assert isinstance(count, int)
        counts.append(count)
        pads.append((p, max(p, (count - 1) * s + d * (k - 1) + 1 - n - p)))
    padded = np.pad(x, pads, constant_values=fill)
    for index in np.ndindex(*kernel):
        yield padded[tap(index, counts, stride, dilation)]


def _window(kind: str) -> tuple[Attribute, ...]:
    return (
        Attribute("kernel_size", f"size_{kind}"),
        Attribute("stride", f"size_{kind}?", None),
        Attribute("padding", f"size_{kind}", 0),
    )


def _infer_max(
    x: TensorType,
    *,
    kernel_size: Shape,
    stride: Shape | None,
    padding: Shape,
    dilation: Ints,
    ceil_mode: bool,
    return_indices: bool,
) -> tuple[TensorType, ...]:
    """``x``, (N, C, ...) or (C, ...), with the number of windows for its last dimensions; indices in int64."""
    if x.dtype is DType.BOOL:
        raise ShapeError("x must be a number type, it is bool")
    shape = _pooled(x, kernel_size, stride, padding, dilation, ceil_mode)
    values = TensorType(x.dtype, shape)
    return (values, TensorType(DType.INT64, shape)) if return_indices else (values,)


def _max_attributes(kind: str) -> tuple[Attribute, ...]:
    own = (
        Attribute("dilation", kind, 1),
        Attribute("ceil_mode", "bool", False),
        Attribute("return_indices", "bool", False),
    )
    return (*_window(kind), *own)


@op("max_pool1d", inputs=("x",), infer=_infer_max, attributes=_max_attributes("single"))
@op("max_pool2d", inputs=("x",), infer=_infer_max, attributes=_max_attributes("pair"))
@op("max_pool3d", inputs=("x",), infer=_infer_max, attributes=_max_attributes("triple"))
def max_pool(
    x: np.ndarray,
    *,
    kernel_size: Ints,
    stride: Ints | None,
    padding: Ints,
    dilation: Ints,
    ceil_mode: bool,
    return_indices: bool,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """Largest value in each window; NaN where the window has one. ``stride`` is ``kernel_size`` by default.

    With ``return_indices`` also where it was, counted over the pooled dimensions as one: the first of equal ones, of NaN the
    last, as torch has it.
    """
    lowest = -np.inf if np.issubdtype(x.dtype, np.floating) else np.iinfo(x.dtype).min
    window = kernel_size, stride or kernel_size, padding, dilation, ceil_mode
    taps = _windows(x, *window, lowest)
    if not return_indices:
        return reduce(np.maximum, taps)
    size = x.shape[-len(kernel_size) :]
    places = _windows(np.arange(np.prod(size)).reshape(size), *window, -1)
    best, where = next(taps), next(places)
    where = np.broadcast_to(where, best.shape)
    for values, place in zip(taps, places, strict=True):
        better = (place >= 0) & ((values > best) | (values != values) | (where < 0))
        best, where = np.where(better, values, best), np.where(better, place, where)
    return best, where


def _infer_avg(
    x: TensorType,
    *,
    kernel_size: Shape,
    stride: Shape | None,
    padding: Shape,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None = None,
) -> tuple[TensorType, ...]:
    """``x``, (N, C, ...) or (C, ...), with the number of windows for its last dimensions."""
    if not x.dtype.is_floating and x.dtype is not DType.INT64:
        raise ShapeError(f"x must be floating point or int64, it is {x.dtype}")
    if divisor_override == 0:
        raise ShapeError("divisor_override must not be zero")
    return (TensorType(x.dtype, _pooled(x, kernel_size, stride, padding, (1,) * len(kernel_size), ceil_mode)),)


_AVERAGE = (Attribute("ceil_mode", "bool", False), Attribute("count_include_pad", "bool", True))
_DIVISOR = Attribute("divisor_override", "int?", None)


@op("avg_pool1d", inputs=("x",), infer=_infer_avg, attributes=(*_window("single"), *_AVERAGE))
def avg_pool1d(
    x: np.ndarray, *, kernel_size: Ints, stride: Ints | None, padding: Ints, ceil_mode: bool, count_include_pad: bool
) -> np.ndarray:
    """Mean of each window of (N, C, L); see ``avg_pool2d``."""
    return avg_pool(
        x,
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor_override=None,
    )


@op("avg_pool2d", inputs=("x",), infer=_infer_avg, attributes=(*_window("pair"), *_AVERAGE, _DIVISOR))
@op("avg_pool3d", inputs=("x",), infer=_infer_avg, attributes=(*_window("triple"), *_AVERAGE, _DIVISOR))
def avg_pool(
    x: np.ndarray,
    *,
    kernel_size: Ints,
    stride: Ints | None,
    padding: Ints,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> np.ndarray:
    """Sum of each window over its number of elements: with or without the padding, never what hangs over in ceil mode.

    Sums are in float64. ``divisor_override`` stands for the number of elements; means of integers lose their fraction.
    """
    stride, rank = stride or kernel_size, len(kernel_size)
    taps = _windows(x, kernel_size, stride, padding, (1,) * rank, ceil_mode, 0)
    total = sum(v.astype(np.float64) for v in taps)
    if divisor_override is not None:
        return np.asarray(total / divisor_override).astype(x.dtype)
    covered = [
        _covered(n, k, s, p, count, p if count_include_pad else 0)
        for n, k, s, p, count in zip(
            x.shape[-rank:], kernel_size, stride, padding, np.shape(total)[-rank:], strict=True
        )
    ]
    return np.asarray(total / reduce(np.multiply.outer, covered)).astype(x.dtype)


def _covered(size: int, kernel: int, stride: int, padding: int, count: int, counted_padding: int) -> np.ndarray:
    """How many positions each window has in ``size`` and the padding on its sides that counts."""
    start = np.arange(count) * stride - padding
    return np.minimum(start + kernel, size + counted_padding) - np.maximum(start, -counted_padding)
