"""Patches of images laid out as columns and put together again, and windows along one dimension."""

from __future__ import annotations

import numpy as np

from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import (
    Size,
    check_equal,
    check_not_negative,
    check_positive,
    check_rank,
    dimension,
    product,
)
from mcore.platform.ops.windows import tap, window_count

Pair = tuple[int, int]

_WINDOW = (
    Attribute("kernel_size", "pair"),
    Attribute("dilation", "pair", 1),
    Attribute("padding", "pair", 0),
    Attribute("stride", "pair", 1),
)


def _counts(
    size: tuple[Size, Size], kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair
) -> tuple[Size, Size]:
    """How many patches there are along each axis of an image of ``size``."""
    check_positive(kernel_size=kernel_size, dilation=dilation, stride=stride)
    check_not_negative(padding=padding)
    rows, columns = (window_count(size[i], kernel_size[i], stride[i], padding[i], dilation[i]) for i in range(2))
    return rows, columns


def _infer_unfold(
    x: TensorType, *, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair
) -> tuple[TensorType, ...]:
    """(N, C * kernel, patches), in the type of ``x``."""
    check_rank("x", x, 3, 4)
    counts = _counts((x.shape[-2], x.shape[-1]), kernel_size, dilation, padding, stride)
    return (TensorType(x.dtype, (*x.shape[:-3], x.shape[-3] * product(kernel_size), product(counts))),)


def _known(size: tuple[int, ...], kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair) -> Pair:
    """:func:`_counts` of an image whose size is known."""
    return tuple(map(int, _counts((size[0], size[1]), kernel_size, dilation, padding, stride)))  # type: ignore[arg-type, return-value]


@op("unfold", inputs=("x",), infer=_infer_unfold, attributes=_WINDOW)
def unfold(x: np.ndarray, *, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair) -> np.ndarray:
    """Patches of (N, C, H, W) or (C, H, W) as columns, ``(N, C * kernel, patches)``; both in row-major order."""
    counts = _known(x.shape[-2:], kernel_size, dilation, padding, stride)
    border = [(0, 0)] * (x.ndim - 2) + [(p, p) for p in padding]
    padded = np.pad(x, border)
    taps = [padded[tap(place, counts, stride, dilation)] for place in np.ndindex(*kernel_size)]
    channels = x.shape[-3] * len(taps)  # told, for where there is no image it cannot be found out
    return np.stack(taps, -3).reshape(*x.shape[:-3], channels, counts[0] * counts[1])


def _infer_fold(
    x: TensorType, *, output_size: tuple[Size, Size], kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair
) -> tuple[TensorType, ...]:
    """(N, C, H, W) or (C, H, W), with ``output_size`` for the last two."""
    check_rank("x", x, 2, 3)
    counts = _counts(output_size, kernel_size, dilation, padding, stride)
    check_equal("the number of patches", x.shape[-1], product(counts))
    taps, rows = kernel_size[0] * kernel_size[1], x.shape[-2]
    if isinstance(rows, int) and rows % taps:
        raise ShapeError(f"{rows} rows are not a multiple of the {taps} elements of a patch")
    return (TensorType(x.dtype, (*x.shape[:-2], rows // taps, *output_size)),)


@op("fold", inputs=("x",), infer=_infer_fold, attributes=(Attribute("output_size", "size_pair"), *_WINDOW))
def fold(
    x: np.ndarray, *, output_size: Pair, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair
) -> np.ndarray:
    """The reverse of :func:`unfold`: an image of ``output_size`` from patches as columns; where they overlap they add up."""
    counts = _known(output_size, kernel_size, dilation, padding, stride)
    height, width = output_size
    top, left = padding
    patches = x.reshape(*x.shape[:-2], -1, *kernel_size, *counts)
    image = np.zeros((*patches.shape[:-4], height + 2 * top, width + 2 * left), x.dtype)
    for row, column in np.ndindex(*kernel_size):
        image[tap((row, column), counts, stride, dilation)] += patches[..., row, column, :, :]
    return image[..., top : top + height, left : left + width]


def _infer_windows(x: TensorType, *, dimension: int, size: int, step: int) -> tuple[TensorType, ...]:
    axis = _axis(x, dimension)
    check_not_negative(size=[size])
    check_positive(step=[step])
    total = x.shape[axis]
    if isinstance(total, int) and size > total:
        raise ShapeError(f"a window of {size} is larger than the dimension, {total}")
    return (TensorType(x.dtype, (*x.shape[:axis], (total - size) // step + 1, *x.shape[axis + 1 :], size)),)


def _axis(x: TensorType, dim: int) -> int:
    if not x.shape:
        raise ShapeError("x must have a dimension")
    return dimension(dim, len(x.shape))


@op(
    "tensor_unfold",
    inputs=("x",),
    infer=_infer_windows,
    attributes=(Attribute("dimension", "int"), Attribute("size", "int"), Attribute("step", "int")),
)
def tensor_unfold(x: np.ndarray, *, dimension: int, size: int, step: int) -> np.ndarray:
    """Windows of ``size`` at every ``step``-th element along ``dimension``, as a last dimension: ``torch.Tensor.unfold``.

    A read-only view.
    """
    axis = dimension % x.ndim
    if size == 0:
        count = x.shape[axis] // step + 1
        return np.zeros((*x.shape[:axis], count, *x.shape[axis + 1 :], 0), x.dtype)
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis)
    return windows[(slice(None),) * axis + (slice(None, None, step),)]
