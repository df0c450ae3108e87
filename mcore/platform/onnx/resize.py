"""Resizing of images: ONNX's own operator where it takes the Platform's source positions, else sums of weighted neighbours."""

from __future__ import annotations

import numpy as np

from mcore.platform.dims import Expr
from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import NeedsSizes, Value, writes
from mcore.platform.ops.resize import NEAREST, antialiased_taps, nearest_indices, per_axis, smooth_taps
from mcore.platform.ops.rules import Shape, Size

Factors = tuple[float, ...] | None


@writes("interpolate")
def _interpolate(
    e: Emitter,
    x: Value,
    *,
    size: Shape | None,
    scale_factor: Factors,
    mode: str,
    align_corners: bool | None,
    antialias: bool,
) -> str:
    axes = x.rank - 2
    wanted = e.out[0].shape[2:]
    factors = per_axis(scale_factor, axes) if scale_factor else (None,) * axes
    if mode in NEAREST:
        return _nearest(e, x, wanted, factors, exact=mode == "nearest-exact")
    # Where a factor leaves a size as it is, runtimes take the factor for one; it still moves the samples.
    kept = any(f not in (None, 1) and n == w for f, n, w in zip(factors, x.shape[2:], wanted, strict=True))
    if antialias or axes == 1 or kept:
        return _by_weights(e, x, wanted, factors, mode, bool(align_corners), antialias)
    return e(
        "Resize",
        x,
        None,
        e.const(np.array([1, 1, *factors], np.float32)) if scale_factor else None,
        None if scale_factor else _sizes(e, x, wanted),
        mode="cubic" if mode == "bicubic" else "linear",
        coordinate_transformation_mode="align_corners" if align_corners else "half_pixel",
        cubic_coeff_a=-0.75 if mode == "bicubic" else None,
    )


def _sizes(e: Emitter, x: Value, wanted: Shape) -> str:
    return e("Concat", e("Shape", x, start=0, end=2), e.ints(wanted), axis=0)


def _nearest(e: Emitter, x: Value, wanted: Shape, factors: tuple[float | None, ...], *, exact: bool) -> str:
    """Whole multiples are repeats, whose source positions no rounding can move; the others are picked one by one."""
    times = [_multiple(n, w) for n, w in zip(x.shape[2:], wanted, strict=True)]
    usual = [f is None or f == t for f, t in zip(factors, times, strict=True)]
    if all(t is not None for t in times) and all(usual):
        scales = e.const(np.array([1, 1, *times], np.float32))
        return e(
            "Resize",
            x,
            None,
            scales,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
    result = x.name
    for axis, (count, factor) in enumerate(zip(wanted, factors, strict=True), start=2):
        places = nearest_indices(e.known(x.shape[axis]), e.known(count), factor, exact=exact)
        result = e("Gather", result, e.const(places.astype(np.int64)), axis=axis)
    return result


def _multiple(size: Size, wanted: Size) -> int | None:
    """How often ``size`` fits into ``wanted``, where that is a whole number for all sizes."""
    if isinstance(size, Expr) or isinstance(wanted, Expr):
        times = wanted // size
        return times if isinstance(times, int) and times > 0 and size * times == wanted else None
    return wanted // size if wanted % size == 0 else None


def _by_weights(
    e: Emitter, x: Value, wanted: Shape, factors: tuple[float | None, ...], mode: str, align: bool, antialias: bool
) -> str:
    """A product with a matrix of the weights for each axis."""
    result = x.name
    make = antialiased_taps if antialias else smooth_taps
    for axis, (count, factor) in enumerate(zip(wanted, factors, strict=True), start=2):
        size = x.shape[axis]
        if isinstance(size, Expr) or isinstance(count, Expr):
            raise NeedsSizes(f"interpolate from {size} to {count}")
        indices, weights = make(size, count, factor, align, mode == "bicubic")
        matrix = np.zeros((size, count), np.float64)
        np.add.at(matrix, (indices, np.arange(count)[:, None]), weights)
        order = list(range(x.rank))
        order[axis], order[-1] = order[-1], order[axis]
        product = e("MatMul", e.transpose(result, order), e.const(matrix.astype(x.dtype.numpy)))
        result = e.transpose(product, order)
    return result
