"""Tensors made from numbers."""

from __future__ import annotations

from math import ceil

import numpy as np

from mcore.platform.dims import Expr, ceildiv, maximum
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.promotion import Scalar, as_arrays, of_number
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import Shape, Size, check_not_negative

_DTYPE = Attribute("dtype", "dtype?", None)


def _infer_full(*, size: Shape, fill_value: Scalar, dtype: DType | None) -> tuple[TensorType, ...]:
    check_not_negative(size=size)
    return (TensorType(dtype or of_number(fill_value), size),)


@op(
    "full",
    inputs=(),
    infer=_infer_full,
    attributes=(Attribute("size", "sizes"), Attribute("fill_value", "scalar"), _DTYPE),
)
def full(*, size: tuple[int, ...], fill_value: Scalar, dtype: DType | None) -> np.ndarray:
    """A tensor of shape ``size`` filled with one number, in ``dtype`` or the number's own type."""
    (value,) = as_arrays(fill_value, dtype=dtype or of_number(fill_value))
    return np.full(size, value)


def _infer_arange(*, start: Scalar, end: Scalar, step: Scalar, dtype: DType | None) -> tuple[TensorType, ...]:
    """A vector of ``(end - start) / step`` elements, rounded up."""
    if step == 0:
        raise ShapeError("step must not be zero")
    if dtype is None:
        whole = not any(isinstance(v, float) for v in (start, end, step))
        dtype = DType.INT64 if whole else DType.FLOAT32
    if dtype is DType.INT64:
        start, end, step = (_whole(v) for v in (start, end, step))
        if step == 0:
            raise ShapeError("step must not be a fraction below one in int64")
    return (TensorType(dtype, (_count(start, end, step),)),)


def _whole(value: Scalar) -> Scalar:
    """``value`` without its fraction."""
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise ShapeError(f"a range of integers has no limit or step {value}")
    return int(value) if isinstance(value, float) else value


def _count(start: Scalar, end: Scalar, step: Scalar) -> Size:
    whole = [v for v in (start, end, step) if not isinstance(v, float)]
    if len(whole) == 3:
        return maximum(ceildiv(whole[1] - whole[0], whole[2]), 0)
    if isinstance(start, Expr) or isinstance(end, Expr) or isinstance(step, Expr):
        raise ShapeError("a range over sizes takes no fractions")
    count = (end - start) / step
    if not abs(count) < float("inf"):
        raise ShapeError(f"a range from {start} to {end} by {step} has no end")
    return max(ceil(count), 0)


@op(
    "arange",
    inputs=(),
    infer=_infer_arange,
    attributes=(
        Attribute("start", "scalar"),
        Attribute("end", "scalar"),
        Attribute("step", "scalar", 1),
        _DTYPE,
    ),
)
def arange(*, start: float, end: float, step: float, dtype: DType | None) -> np.ndarray:
    """``start``, ``start + step`` ... before ``end``; in int64 for integers, else float32, unless ``dtype`` says otherwise.

    In an integer type ``start`` and ``step`` lose their fractions, in int64 ``end`` too.
    """
    (kind,) = _infer_arange(start=start, end=end, step=step, dtype=dtype)
    (count,) = kind.concrete({})
    if not kind.dtype.is_floating:
        start, step = int(start), int(step)
    return (start + np.arange(count) * step).astype(kind.dtype.numpy)
