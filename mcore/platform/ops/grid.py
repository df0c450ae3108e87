"""Images sampled at any position: ``grid_sample``, and the grid of an affine map (Jaderberg et al., 2015).

Positions are in [-1, 1] along each axis, x first: the centres of the border pixels if ``align_corners``, else its outer
edges.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import (
    Shape,
    check_equal,
    check_floating,
    check_not_negative,
    check_positive,
    check_rank,
    describe,
)

MODES = ("bilinear", "nearest", "bicubic")
PADDING_MODES = ("zeros", "border", "reflection")


def _infer_grid_sample(
    x: TensorType, grid: TensorType, *, mode: str, padding_mode: str, align_corners: bool | None
) -> tuple[TensorType, ...]:
    check_rank("x", x, 4, 5)
    check_floating("x", x)
    rank = len(x.shape)
    check_rank("grid", grid, rank)
    if grid.dtype is not x.dtype:
        raise ShapeError(f"grid must be {x.dtype} as x, it is {grid.dtype}")
    if mode not in MODES or (mode == "bicubic" and rank != 4):
        raise ShapeError(f"mode must be one of {', '.join(MODES)}, bicubic for images alone; it is {mode!r}")
    if padding_mode not in PADDING_MODES:
        raise ShapeError(f"padding_mode must be one of {', '.join(PADDING_MODES)}; it is {padding_mode!r}")
    check_equal("the batch of grid", grid.shape[0], x.shape[0])
    check_equal("the last dimension of grid", grid.shape[-1], rank - 2)
    check_positive(x=x.shape[2:])
    return (TensorType(x.dtype, (*x.shape[:2], *grid.shape[1:-1])),)


@op(
    "grid_sample",
    inputs=("x", "grid"),
    infer=_infer_grid_sample,
    attributes=(
        Attribute("mode", "str", "bilinear"),
        Attribute("padding_mode", "str", "zeros"),
        Attribute("align_corners", "bool?", None),
    ),
)
def grid_sample(
    x: np.ndarray, grid: np.ndarray, *, mode: str, padding_mode: str, align_corners: bool | None
) -> np.ndarray:
    """``x`` (N, C, H, W) at the positions ``grid`` (N, h, w, 2): (N, C, h, w); likewise for volumes.

    Outside there are zeros, the border's pixels, or the image mirrored; ``bilinear`` is trilinear for volumes.
    """
    dtype = np.promote_types(x.dtype, np.float32)
    batch, channels, *size = x.shape
    pixels = x.astype(dtype, copy=False).reshape(batch, channels, math.prod(size))
    at = grid.astype(dtype, copy=False)[..., ::-1].reshape(batch, math.prod(grid.shape[1:-1]), len(size))
    align = bool(align_corners)
    # One row of positions for each axis, in pixels.
    axes = [_unnormalised(at[..., d], n, align) for d, n in enumerate(size)]
    if mode != "bicubic":
        axes = [_folded_in(a, n, padding_mode, align) for a, n in zip(axes, size, strict=True)]
    taps = [_TAPS[mode](a) for a in axes]
    result = np.zeros((batch, channels, at.shape[1]), dtype)
    for corner in product(*map(range, (len(t) for t in taps))):
        index = np.zeros(at.shape[:2], np.int64)
        weight = np.ones(at.shape[:2], dtype)
        for (place, share), n in zip((t[i] for t, i in zip(taps, corner, strict=True)), size, strict=True):
            place = _folded_in(place, n, padding_mode, align) if mode == "bicubic" else place
            inside = (place >= 0) & (place <= n - 1)
            index = index * n + np.where(inside, place, 0).astype(np.int64)
            weight = np.where(inside, weight * share, 0)
        result += np.take_along_axis(pixels, index[:, None], 2) * weight[:, None]
    return result.astype(x.dtype, copy=False).reshape(batch, channels, *grid.shape[1:-1])


def _unnormalised(position: np.ndarray, size: int, align: bool) -> np.ndarray:
    """Positions in [-1, 1] in pixels."""
    return (position + 1) / 2 * (size - 1) if align else ((position + 1) * size - 1) / 2


def _folded_in(position: np.ndarray, size: int, padding_mode: str, align: bool) -> np.ndarray:
    """The positions whose pixels stand for those outside."""
    if padding_mode == "zeros":
        return position
    if padding_mode == "reflection":
        low, span = (0.0, float(size - 1)) if align else (-0.5, float(size))
        if not span:
            return np.zeros_like(position)
        away = np.abs(position - np.asarray(low, position.dtype))
        rest, turns = np.fmod(away, span), np.floor(away / span)
        position = np.where(turns % 2 == 0, rest + low, span - rest + low).astype(position.dtype)
    return np.clip(position, 0, size - 1)


Taps = list[tuple[np.ndarray, np.ndarray]]


def _nearest(position: np.ndarray) -> Taps:
    return [(np.rint(position), np.ones_like(position))]


def _linear(position: np.ndarray) -> Taps:
    low = np.floor(position)
    return [(low, low + 1 - position), (low + 1, position - low)]


def _cubic(position: np.ndarray) -> Taps:
    """Four neighbours with the weights of Keys' kernel for a = -0.75."""
    a = -0.75
    low = np.floor(position)
    rest = position - low
    found = []
    for offset in range(-1, 3):
        distance = np.abs(rest - offset)
        if offset in (0, 1):
            weight = ((a + 2) * distance - (a + 3)) * distance * distance + 1
        else:
            weight = ((distance - 5) * distance + 8) * distance * a - 4 * a
        found.append((low + offset, weight.astype(position.dtype)))
    return found


_TAPS = {"nearest": _nearest, "bilinear": _linear, "bicubic": _cubic}


def _infer_affine_grid(theta: TensorType, *, size: Shape, align_corners: bool | None) -> tuple[TensorType, ...]:
    check_rank("theta", theta, 3)
    check_floating("theta", theta)
    axes = len(size) - 2
    if axes not in (2, 3):
        raise ShapeError(f"size must have four or five numbers, it is {describe(size)}")
    check_not_negative(size=size)
    check_equal("the batch of theta", theta.shape[0], size[0])
    check_equal("the rows of theta", theta.shape[1], axes)
    check_equal("the columns of theta", theta.shape[2], axes + 1)
    return (TensorType(theta.dtype, (size[0], *size[2:], axes)),)


@op(
    "affine_grid",
    inputs=("theta",),
    infer=_infer_affine_grid,
    attributes=(Attribute("size", "sizes"), Attribute("align_corners", "bool?", None)),
)
def affine_grid(theta: np.ndarray, *, size: tuple[int, ...], align_corners: bool | None) -> np.ndarray:
    """The positions of ``grid_sample`` for an output of ``size`` (N, C, H, W) under the maps ``theta`` (N, 2, 3).

    The result is (N, H, W, 2); with ``theta`` (N, 3, 4) and a ``size`` of five numbers, (N, D, H, W, 3).
    """
    dtype = np.promote_types(theta.dtype, np.float32)
    axes = [_steps(n, bool(align_corners), dtype) for n in size[2:]]
    columns = [*np.meshgrid(*axes, indexing="ij")][::-1]
    base = np.stack([*columns, np.ones(size[2:], dtype)], -1).reshape(-1, len(axes) + 1)
    grid = base @ theta.astype(dtype, copy=False).swapaxes(1, 2)
    return grid.astype(theta.dtype, copy=False).reshape(size[0], *size[2:], len(axes))


def _steps(count: int, align: bool, dtype: np.dtype) -> np.ndarray:
    """``count`` positions from -1 to 1, the outer ones at the centres (``align``) or half a step inside."""
    if count <= 1:
        return np.zeros(count, dtype)
    return (np.linspace(-1, 1, count) * (1.0 if align else (count - 1) / count)).astype(dtype)
