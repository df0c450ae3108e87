"""Resizing of images, with torch's arithmetic for source positions: float32, half-pixel centres but where corners align."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import TypeVar

import numpy as np

from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import Shape, Size, check_positive, check_rank

NEAREST = ("nearest", "nearest-exact")
SMOOTH = ("linear", "bilinear", "bicubic", "trilinear")
#: How many dimensions beside batch and channels the smooth modes are for.
_AXES = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
_LARGEST_DENOMINATOR = 1 << 16

Factors = tuple[float, ...] | None
T = TypeVar("T")


def output_size(size: Size, factor: float) -> Size:
    """``floor(size * factor)``, in float64 as torch has it; of a symbolic size by the nearest simple fraction.

    The two agree for factors that are whole, in halves, quarters and so on, or one over a small number; where float64 rounds
    another product across a whole number, they differ by one.
    """
    if isinstance(size, int):
        return floor(float(size) * factor)
    fraction = Fraction(factor).limit_denominator(_LARGEST_DENOMINATOR)
    return (size * fraction.numerator) // fraction.denominator


def per_axis(values: tuple[T, ...], count: int) -> tuple[T, ...]:
    """One value for each of ``count`` axes; a single one is for all."""
    if len(values) not in (1, count):
        raise ShapeError(f"{len(values)} sizes or factors for {count} dimensions beside batch and channels")
    return values * (count // len(values))


def _infer_interpolate(
    x: TensorType,
    *,
    size: Shape | None,
    scale_factor: Factors,
    mode: str,
    align_corners: bool | None,
    antialias: bool,
) -> tuple[TensorType, ...]:
    check_rank("x", x, 3, 4, 5)
    axes = len(x.shape) - 2
    if mode not in NEAREST + SMOOTH:
        raise ShapeError(f"mode must be one of {', '.join(NEAREST + SMOOTH)}; it is {mode!r}")
    if mode in NEAREST and (align_corners is not None or antialias):
        raise ShapeError(f"mode {mode!r} takes neither align_corners nor antialias")
    if _AXES.get(mode, axes) != axes:
        raise ShapeError(f"mode {mode!r} takes a tensor of {_AXES[mode] + 2} dimensions, x has {axes + 2}")
    if antialias and axes != 2:
        raise ShapeError("antialias is for images alone")
    if mode in SMOOTH and not x.dtype.is_floating:
        raise ShapeError(f"x must be floating point for mode {mode!r}, it is {x.dtype}")
    if (size is None) == (scale_factor is None):
        raise ShapeError("one of size and scale_factor must be given")
    if scale_factor is not None:
        if not all(0 < f < float("inf") for f in scale_factor):
            raise ShapeError(f"scale_factor must be positive, it is {scale_factor}")
        factors = per_axis(scale_factor, axes)
        size = tuple(output_size(s, f) for s, f in zip(x.shape[2:], factors, strict=True))
    assert size is not None
    size = per_axis(size, axes)
    check_positive(size=size, x=x.shape[2:])
    return (TensorType(x.dtype, (*x.shape[:2], *size)),)


@op(
    "interpolate",
    inputs=("x",),
    infer=_infer_interpolate,
    attributes=(
        Attribute("size", "sizes?", None),
        Attribute("scale_factor", "floats?", None),
        Attribute("mode", "str", "nearest"),
        Attribute("align_corners", "bool?", None),
        Attribute("antialias", "bool", False),
    ),
)
def interpolate(
    x: np.ndarray,
    *,
    size: tuple[int, ...] | None,
    scale_factor: Factors,
    mode: str,
    align_corners: bool | None,
    antialias: bool,
) -> np.ndarray:
    """``x`` (N, C, H, W) resized to ``size``, or by ``scale_factor``, whose value then sets the distance of samples.

    Likewise (N, C, L) and (N, C, D, H, W); one number is for all axes. Each axis by itself: an output is a weighted sum of a
    few inputs (Keys, 1981, for ``bicubic``).
    """
    dtype = x.dtype
    if mode in SMOOTH:
        x = x.astype(np.promote_types(dtype, np.float32), copy=False)
    factors = per_axis(scale_factor, x.ndim - 2) if scale_factor else None
    sizes = per_axis(size, x.ndim - 2) if size else None
    for position, axis in enumerate(range(2, x.ndim)):
        factor = factors[position] if factors else None
        count = sizes[position] if sizes else output_size(x.shape[axis], factor or 1.0)
        assert isinstance(count, int)
        if mode in NEAREST:
            x = x.take(nearest_indices(x.shape[axis], count, factor, exact=mode == "nearest-exact"), axis)
        else:
            make = antialiased_taps if antialias else smooth_taps
            x = _weighted(x, axis, *make(x.shape[axis], count, factor, bool(align_corners), mode == "bicubic"))
    return x.astype(dtype, copy=False)


def _weighted(x: np.ndarray, axis: int, indices: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum over taps of ``x`` at ``indices`` (outputs, taps) times ``weights`` along ``axis``."""
    rest = [1] * (x.ndim - axis - 1)
    terms = zip(indices.T, weights.T, strict=True)
    return np.asarray(sum(x.take(i, axis) * w.astype(x.dtype).reshape(-1, *rest) for i, w in terms))


def nearest_indices(size: int, count: int, factor: float | None, *, exact: bool) -> np.ndarray:
    """Source of each output: the pixel at its upper left, or (``exact``) the one that its centre falls on.

    The same or twice the size is the plain copy or doubling, whatever the factor; torch does so on small images alone.
    """
    scale = _scale(size, count, factor, align=False)
    positions = np.arange(count, dtype=np.float32) + np.float32(0.5 if exact else 0.0)
    if not exact and count in (size, 2 * size):
        return np.arange(count) * size // count
    return np.minimum(np.floor(positions * scale).astype(np.int64), size - 1)


def _scale(size: int, count: int, factor: float | None, *, align: bool) -> np.float32:
    """Distance of the sources of neighbouring outputs."""
    if align:
        return np.float32(size - 1) / np.float32(count - 1) if count > 1 else np.float32(0)
    return np.float32(1.0 / factor) if factor else np.float32(size) / np.float32(count)


def smooth_taps(size: int, count: int, factor: float | None, align: bool, cubic: bool) -> tuple[np.ndarray, np.ndarray]:
    """Indices and weights, each (count, taps), of two (linear) or four (cubic) neighbours; those outside are the border's."""
    scale = _scale(size, count, factor, align=align)
    outputs = np.arange(count, dtype=np.float32)
    source = outputs * scale if align else (outputs + np.float32(0.5)) * scale - np.float32(0.5)
    if not cubic:
        source = outputs if count == size else np.maximum(source, np.float32(0))
    base = np.minimum(np.floor(source).astype(np.int64), size - 1)
    rest = np.clip(source - base, 0, 1)
    offsets = np.arange(-1, 3) if cubic else np.arange(2)
    distance = np.abs(rest[:, None] - offsets.astype(np.float32))
    weights = _cubic(distance) if cubic else 1 - distance
    return np.clip(base[:, None] + offsets, 0, size - 1), weights


def antialiased_taps(
    size: int, count: int, factor: float | None, align: bool, cubic: bool
) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`smooth_taps`, the filter widened where the image shrinks, and cut off and renormalised at its borders."""
    scale = float(_scale(size, count, factor, align=align))
    spread = max(scale, 1.0)
    support = (2.0 if cubic else 1.0) * spread
    centres = scale * (np.arange(count) + 0.5)
    first = np.maximum((centres - support + 0.5).astype(np.int64), 0)
    last = np.minimum((centres + support + 0.5).astype(np.int64), size)
    indices = first[:, None] + np.arange(int((last - first).max()))
    distance = np.abs(indices - centres[:, None] + 0.5) / spread
    weights = _cubic(distance, a=-0.5) if cubic else np.maximum(1 - distance, 0)
    weights = np.where(indices < last[:, None], weights, 0)
    return np.minimum(indices, size - 1), weights / weights.sum(1, keepdims=True)


def _cubic(distance: np.ndarray, a: float = -0.75) -> np.ndarray:
    """Weight of a sample at a distance from 0 on (Keys' kernel)."""
    near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
    far = ((distance - 5) * distance + 8) * distance * a - 4 * a
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))
