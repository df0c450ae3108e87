"""Arithmetic of two values besides that of the operators: remainders, bits, angles, and extremes that pass over NaN.

Of integers, a division by zero gives 0 where torch raises.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.promotion import Scalar, as_arrays, broadcast_type, either, floating, result_type
from mcore.platform.ops.registry import Attribute, op

_OTHER = Attribute("other", "scalar?", None)


def _infer_any(x: TensorType, y: TensorType | None, *, other: Scalar | None) -> tuple[TensorType, ...]:
    """The common shape of both, in the type that they promote to."""
    return (broadcast_type([x, either(y, other)]),)


def _infer_number(x: TensorType, y: TensorType | None, *, other: Scalar | None) -> tuple[TensorType, ...]:
    """The common shape of both, in the type that they promote to."""
    (result,) = _infer_any(x, y, other=other)
    if result.dtype is DType.BOOL:
        raise ShapeError("not defined for two bool operands")
    return (result,)


def _infer_bits(x: TensorType, y: TensorType | None, *, other: Scalar | None) -> tuple[TensorType, ...]:
    """The common shape of both, in the type that they promote to."""
    (result,) = _infer_any(x, y, other=other)
    if result.dtype.is_floating:
        raise ShapeError(f"takes integers or bools, not {result.dtype}")
    return (result,)


def _infer_shift(x: TensorType, y: TensorType | None, *, other: Scalar | None) -> tuple[TensorType, ...]:
    """The common shape of both, in the type that they promote to."""
    (result,) = _infer_bits(x, y, other=other)
    if result.dtype is DType.BOOL:
        raise ShapeError("takes integers, not two bools")
    return (result,)


def _infer_floating(x: TensorType, y: TensorType | None, *, other: Scalar | None) -> tuple[TensorType, ...]:
    """The common shape of both; floating."""
    operands = [x, either(y, other)]
    return (broadcast_type(operands, floating(result_type(operands))),)


def _binary(
    name: str, function: Callable[..., np.ndarray], infer: Callable[..., tuple[TensorType, ...]], doc: str
) -> None:
    """Register ``function`` of two arrays of their common type, a floating one where the rule says so."""

    def kernel(x: np.ndarray, y: np.ndarray | None = None, *, other: Scalar | None) -> np.ndarray:
        operand = other if y is None else y
        assert operand is not None
        a, b = as_arrays(x, operand)
        if infer is _infer_floating:
            a, b = (v.astype(floating(DType.of(a)).numpy, copy=False) for v in (a, b))
        return np.asarray(function(a, b)).astype(a.dtype, copy=False)

    kernel.__doc__ = doc
    op(name, inputs=("x", "other?"), infer=infer, attributes=(_OTHER,))(kernel)


def _left_shift(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where((b < 0) | (b >= 8 * a.dtype.itemsize), 0, np.left_shift(a, np.maximum(b, 0)))


def _right_shift(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    most = 8 * a.dtype.itemsize - 1
    shifted = np.right_shift(a, np.where((b < 0) | (b > most), most, b))
    # Of what is never negative nothing is left; of other numbers the sign.
    return np.where((b < 0) | (b > most), 0, shifted) if a.dtype.kind == "u" else shifted


_binary(
    "remainder", np.remainder, _infer_number, "What ``x`` is above a multiple of ``other``, with the sign of ``other``."
)
_binary(
    "fmod", np.fmod, _infer_number, "What ``x`` is beyond a multiple of ``other`` towards zero, with the sign of ``x``."
)
_binary("bitwise_and", np.bitwise_and, _infer_bits, "The bits that both have.")
_binary("bitwise_or", np.bitwise_or, _infer_bits, "The bits that one of both has.")
_binary("bitwise_xor", np.bitwise_xor, _infer_bits, "The bits that just one of both has.")
_binary("bitwise_left_shift", _left_shift, _infer_shift, "``x * 2 ** other``; 0 where all bits are shifted out.")
_binary("bitwise_right_shift", _right_shift, _infer_shift, "``x / 2 ** other``, rounded down.")
_binary("atan2", np.arctan2, _infer_floating, "Angle of the point (``other``, ``x``) in radians, from -pi to pi.")
_binary("hypot", np.hypot, _infer_floating, "``sqrt(x ** 2 + other ** 2)``, without overflow on the way.")
_binary("copysign", np.copysign, _infer_floating, "The magnitude of ``x`` with the sign of ``other``.")
_binary("logaddexp", np.logaddexp, _infer_floating, "``log(exp(x) + exp(other))``, without overflow on the way.")
_binary("fmax", np.fmax, _infer_any, "The larger of both; the other one where one is NaN.")
_binary("fmin", np.fmin, _infer_any, "The smaller of both; the other one where one is NaN.")
