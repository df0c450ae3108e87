"""Pooling over the last two dimensions of ``(N, C, H, W)`` or ``(C, H, W)``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import Size, check_floating, check_not_negative, check_positive, check_rank
from mcore.platform.ops.windows import tap, window_count

SizePair = tuple[Size, Size]
Pair = tuple[int, int]


def _pooled(
    x: TensorType, kernel_size: SizePair, stride: SizePair | None, padding: SizePair, dilation: Pair, ceil_mode: bool
) -> TensorType:
    check_rank("x", x, 3, 4)
    stride = stride or kernel_size
    check_positive(kernel_size=kernel_size, stride=stride, dilation=dilation)
    check_not_negative(padding=padding)
    for kernel, pad in zip(kernel_size, padding, strict=True):
        if isinstance(kernel, int) and isinstance(pad, int) and 2 * pad > kernel:
            raise ShapeError(f"padding {pad} is more than half of the window of {kernel}")
    sizes = [
        window_count(n, k, s, p, d, ceil_mode=ceil_mode)
        for n, k, s, p, d in zip(x.shape[-2:], kernel_size, stride, padding, dilation, strict=True)
    ]
    return TensorType(x.dtype, (*x.shape[:-2], *sizes))


def _windows(
    x: np.ndarray, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool, fill: float
) -> Iterator[np.ndarray]:
    """For each tap of the window, its values at every output position; ``fill`` stands outside of ``x``."""
    counts, pads = [], [(0, 0)] * (x.ndim - 2)
    for n, k, s, p, d in zip(x.shape[-2:], kernel, stride, padding, dilation, strict=True):
        count = window_count(n, k, s, p, d, ceil_mode=ceil_mode)
        assert isinstance(count, int)
        counts.append(count)
        pads.append((p, max(p, (count - 1) * s + d * (k - 1) + 1 - n - p)))
    padded = np.pad(x, pads, constant_values=fill)
    for index in np.ndindex(*kernel):
        yield padded[tap(index, counts, stride, dilation)]


_WINDOW = (
    Attribute("kernel_size", "size_pair"),
    Attribute("stride", "size_pair?", None),
    Attribute("padding", "size_pair", 0),
)


def _infer_max_pool2d(
    x: TensorType,
    *,
    kernel_size: SizePair,
    stride: SizePair | None,
    padding: SizePair,
    dilation: Pair,
    ceil_mode: bool,
) -> tuple[TensorType, ...]:
    if x.dtype is DType.BOOL:
        raise ShapeError("x must be a number type, it is bool")
    return (_pooled(x, kernel_size, stride, padding, dilation, ceil_mode),)


@op(
    "max_pool2d",
    inputs=("x",),
    infer=_infer_max_pool2d,
    attributes=(*_WINDOW, Attribute("dilation", "pair", 1), Attribute("ceil_mode", "bool", False)),
)
def max_pool2d(
    x: np.ndarray, *, kernel_size: Pair, stride: Pair | None, padding: Pair, dilation: Pair, ceil_mode: bool
) -> np.ndarray:
    """Largest value in each window; NaN where the window has one. ``stride`` is ``kernel_size`` by default."""
    lowest = -np.inf if np.issubdtype(x.dtype, np.floating) else np.iinfo(x.dtype).min
    taps = _windows(x, kernel_size, stride or kernel_size, padding, dilation, ceil_mode, lowest)
    result = next(taps).copy()
    for values in taps:
        np.maximum(result, values, out=result)
    return result


def _infer_avg_pool2d(
    x: TensorType,
    *,
    kernel_size: SizePair,
    stride: SizePair | None,
    padding: SizePair,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> tuple[TensorType, ...]:
    check_floating("x", x)
    if divisor_override == 0:
        raise ShapeError("divisor_override must not be zero")
    return (_pooled(x, kernel_size, stride, padding, (1, 1), ceil_mode),)


@op(
    "avg_pool2d",
    inputs=("x",),
    infer=_infer_avg_pool2d,
    attributes=(
        *_WINDOW,
        Attribute("ceil_mode", "bool", False),
        Attribute("count_include_pad", "bool", True),
        Attribute("divisor_override", "int?", None),
    ),
)
def avg_pool2d(
    x: np.ndarray,
    *,
    kernel_size: Pair,
    stride: Pair | None,
    padding: Pair,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> np.ndarray:
    """Sum of each window over its number of elements: with or without the padding, never what hangs over in ceil mode."""
    stride = stride or kernel_size
    total = sum(v.astype(np.float64) for v in _windows(x, kernel_size, stride, padding, (1, 1), ceil_mode, 0.0))
    if divisor_override is not None:
        return np.asarray(total / divisor_override).astype(x.dtype)
    rows, columns = (
        _covered(n, k, s, p, count, p if count_include_pad else 0)
        for n, k, s, p, count in zip(x.shape[-2:], kernel_size, stride, padding, np.shape(total)[-2:], strict=True)
    )
    return np.asarray(total / np.outer(rows, columns)).astype(x.dtype)


def _covered(size: int, kernel: int, stride: int, padding: int, count: int, counted_padding: int) -> np.ndarray:
    """How many positions each window has in ``size`` and the padding on its sides that counts."""
    start = np.arange(count) * stride - padding
    return np.minimum(start + kernel, size + counted_padding) - np.maximum(start, -counted_padding)


def _infer_adaptive_avg(x: TensorType, *, output_size: SizePair) -> tuple[TensorType, ...]:
    check_floating("x", x)
    return _infer_adaptive(x, output_size=output_size)


def _infer_adaptive(x: TensorType, *, output_size: SizePair) -> tuple[TensorType, ...]:
    check_rank("x", x, 3, 4)
    check_positive(output_size=output_size, x=x.shape[-2:])
    if x.dtype is DType.BOOL:
        raise ShapeError("x must be a number type, it is bool")
    return (TensorType(x.dtype, (*x.shape[:-2], *output_size)),)


def _adaptive(x: np.ndarray, output_size: Sequence[int], reduce: Callable[[np.ndarray, int], np.ndarray]) -> np.ndarray:
    """Bin ``i`` of ``n`` covers ``floor(i * size / n)`` to ``ceil((i + 1) * size / n)``, on each axis by itself."""
    for axis, count in zip((-2, -1), output_size, strict=True):
        size = x.shape[axis]
        bins = [range(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]
        x = np.stack([reduce(np.take(x, b, axis), axis) for b in bins], axis)
    return x


@op(
    "adaptive_avg_pool2d",
    inputs=("x",),
    infer=_infer_adaptive_avg,
    attributes=(Attribute("output_size", "size_pair"),),
)
def adaptive_avg_pool2d(x: np.ndarray, *, output_size: Pair) -> np.ndarray:
    """Mean of each of ``output_size`` bins that cover ``x`` and may overlap."""
    return _adaptive(x, output_size, lambda values, axis: values.mean(axis, dtype=np.float64)).astype(x.dtype)


@op("adaptive_max_pool2d", inputs=("x",), infer=_infer_adaptive, attributes=(Attribute("output_size", "size_pair"),))
def adaptive_max_pool2d(x: np.ndarray, *, output_size: Pair) -> np.ndarray:
    """Largest value of each of ``output_size`` bins that cover ``x`` and may overlap; NaN where a bin has one."""
    return _adaptive(x, output_size, lambda values, axis: values.max(axis))
