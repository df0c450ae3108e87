"""Arithmetic, comparisons and logic, element by element, with broadcasting and torch's type promotion.

The second operand of a binary op is the input ``other`` or, where that is absent, the attribute ``other`` (see the registry).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.promotion import Scalar, as_arrays, broadcast_type, either, floating, result_type
from mcore.platform.ops.registry import Attribute, op

Kernel = Callable[..., np.ndarray]

_OTHER = Attribute("other", "scalar?", None)


def _operand(y: np.ndarray | None, other: Scalar | None) -> np.ndarray | Scalar:
    operand = other if y is None else y
    assert operand is not None
    return operand


def _infer_arithmetic(x: TensorType, y: TensorType | None, *, other: Scalar | None) -> tuple[TensorType, ...]:
    """The common shape of both, in the type that they promote to."""
    return (broadcast_type([x, either(y, other)]),)


def _infer_number_arithmetic(x: TensorType, y: TensorType | None, *, other: Scalar | None) -> tuple[TensorType, ...]:
    """The common shape of both, in the type that they promote to."""
    (result,) = _infer_arithmetic(x, y, other=other)
    if result.dtype is DType.BOOL:
        raise ShapeError("not defined for two bool operands; use a logical op")
    return (result,)


def _infer_pow(x: TensorType, y: TensorType | None, *, other: Scalar | None) -> tuple[TensorType, ...]:
    """The common shape of both, in the type that they promote to."""
    if isinstance(other, int) and other < 0 and not x.dtype.is_floating:
        raise ShapeError(f"an integer has no integer power of {other}")
    return _infer_number_arithmetic(x, y, other=other)


def _infer_test(x: TensorType, y: TensorType | None, *, other: Scalar | None) -> tuple[TensorType, ...]:
    """The common shape of both; bool."""
    return (broadcast_type([x, either(y, other)], DType.BOOL),)


def _power(x: np.ndarray, other: np.ndarray) -> np.ndarray:
    """``x ** other``; of integers with a negative exponent what torch gives: 1 / x without its fraction, 0 for a zero."""
    if not np.issubdtype(other.dtype, np.signedinteger):
        return np.power(x, other)
    fraction = np.where(x == 1, 1, np.where(x == -1, 1 - 2 * (other & 1), 0)).astype(x.dtype)
    return np.where(other < 0, fraction, np.power(x, np.maximum(other, 0)))


def _binary(name: str, function: Kernel, infer: Callable[..., tuple[TensorType, ...]], doc: str) -> None:
    """Register ``function`` of two arrays of their common type."""

    def kernel(x: np.ndarray, y: np.ndarray | None = None, *, other: Scalar | None) -> np.ndarray:
        return function(*as_arrays(x, _operand(y, other)))

    kernel.__doc__ = doc
    op(name, inputs=("x", "other?"), infer=infer, attributes=(_OTHER,))(kernel)


_binary("add", np.add, _infer_arithmetic, "``x + other``.")
_binary("sub", np.subtract, _infer_number_arithmetic, "``x - other``.")
_binary("mul", np.multiply, _infer_arithmetic, "``x * other``.")
_binary(
    "pow",
    _power,
    _infer_pow,
    "``x`` to the power of ``other``; a negative power of an integer is 0, but for 1 and -1. No number may be such a power.",
)
_binary("minimum", np.minimum, _infer_arithmetic, "The smaller of both; NaN where one is NaN.")
_binary("maximum", np.maximum, _infer_arithmetic, "The larger of both; NaN where one is NaN.")
_binary("eq", np.equal, _infer_test, "Whether ``x == other``.")
_binary("ne", np.not_equal, _infer_test, "Whether ``x != other``.")
_binary("lt", np.less, _infer_test, "Whether ``x < other``.")
_binary("le", np.less_equal, _infer_test, "Whether ``x <= other``.")
_binary("gt", np.greater, _infer_test, "Whether ``x > other``.")
_binary("ge", np.greater_equal, _infer_test, "Whether ``x >= other``.")
_binary("logical_and", np.logical_and, _infer_test, "Whether both are other than zero.")
_binary("logical_or", np.logical_or, _infer_test, "Whether one of both is other than zero.")


def _infer_div(
    x: TensorType, y: TensorType | None, *, other: Scalar | None, rounding_mode: str | None
) -> tuple[TensorType, ...]:
    """The common shape of both; floating, but with a rounding mode in the type that they promote to."""
    if rounding_mode not in (None, "floor", "trunc"):
        raise ShapeError(f"rounding_mode must be None, 'floor' or 'trunc', it is {rounding_mode!r}")
    operands = [x, either(y, other)]
    dtype = result_type(operands)
    return (broadcast_type(operands, dtype if rounding_mode else floating(dtype)),)


@op(
    "div",
    inputs=("x", "other?"),
    infer=_infer_div,
    attributes=(_OTHER, Attribute("rounding_mode", "str?", None)),
)
def div(x: np.ndarray, y: np.ndarray | None = None, *, other: Scalar | None, rounding_mode: str | None) -> np.ndarray:
    """``x / other``, floating; or rounded down (``floor``) or towards zero (``trunc``) in the operands' own type."""
    a, b = as_arrays(x, _operand(y, other))
    if rounding_mode == "floor":
        return np.asarray(np.floor_divide(a, b))
    if rounding_mode is None:
        return _true_divide(a, b)
    if np.issubdtype(a.dtype, np.floating):
        return np.asarray(np.trunc(a / b))
    down = np.floor_divide(a, b)
    return np.asarray(down + ((down < 0) & (down * b != a)).astype(a.dtype))


def _true_divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    dtype = floating(DType.of(a)).numpy
    return np.asarray(a.astype(dtype, copy=False) / b.astype(dtype, copy=False))


def _infer_reversed(x: TensorType, *, other: Scalar) -> tuple[TensorType, ...]:
    """The shape of ``x``, in the type that both promote to."""
    return _infer_number_arithmetic(x, None, other=other)


def _infer_rdiv(x: TensorType, *, other: Scalar) -> tuple[TensorType, ...]:
    """The shape of ``x``; floating."""
    return _infer_div(x, None, other=other, rounding_mode=None)


def _reversed(name: str, function: Kernel, infer: Callable[..., tuple[TensorType, ...]], doc: str) -> None:
    """Register ``function`` of a number and an array."""

    def kernel(x: np.ndarray, *, other: Scalar) -> np.ndarray:
        return function(*as_arrays(other, x))

    kernel.__doc__ = doc
    op(name, inputs=("x",), infer=infer, attributes=(Attribute("other", "scalar"),))(kernel)


_reversed("rsub", np.subtract, _infer_reversed, "``other - x`` for a number ``other``.")
_reversed("rpow", _power, _infer_reversed, "The number ``other`` to the power of ``x``.")
_reversed("rdiv", _true_divide, _infer_rdiv, "``other / x`` for a number ``other``.")


def _infer_where(
    condition: TensorType, a: TensorType | None, b: TensorType | None, *, x: Scalar | None, other: Scalar | None
) -> tuple[TensorType, ...]:
    """The common shape of all three, in the type that the last two promote to."""
    if condition.dtype is not DType.BOOL:
        raise ShapeError(f"condition must be bool, it is {condition.dtype}")
    operands = [either(a, x, "x"), either(b, other)]
    return (broadcast_type([condition, *operands], result_type(operands)),)


@op(
    "where",
    inputs=("condition", "x?", "other?"),
    infer=_infer_where,
    attributes=(Attribute("x", "scalar?", None), _OTHER),
)
def where(
    condition: np.ndarray, a: np.ndarray | None, b: np.ndarray | None, *, x: Scalar | None, other: Scalar | None
) -> np.ndarray:
    """``x`` where ``condition`` holds, else ``other``."""
    return np.where(condition, *as_arrays(_operand(a, x), _operand(b, other)))


def _infer_masked_fill(x: TensorType, mask: TensorType, *, value: Scalar) -> tuple[TensorType, ...]:
    """The common shape of ``x`` and ``mask``, in the type of ``x``."""
    if mask.dtype is not DType.BOOL:
        raise ShapeError(f"mask must be bool, it is {mask.dtype}")
    return (broadcast_type([x, mask], x.dtype),)


@op("masked_fill", inputs=("x", "mask"), infer=_infer_masked_fill, attributes=(Attribute("value", "scalar"),))
def masked_fill(x: np.ndarray, mask: np.ndarray, *, value: Scalar) -> np.ndarray:
    """``value``, in the type of ``x``, where ``mask`` holds, else ``x``."""
    return np.where(mask, *as_arrays(value, x, dtype=DType.of(x)))


def _infer_clamp(x: TensorType, *, min: Scalar | None, max: Scalar | None) -> tuple[TensorType, ...]:
    """The shape of ``x``, in the type that it and the limits promote to."""
    limits = [limit for limit in (min, max) if limit is not None]
    if not limits:
        raise ShapeError("min or max must be given")
    dtype = result_type([x, *limits])
    if dtype is DType.BOOL:
        raise ShapeError("x must be a number type, it is bool")
    return (TensorType(dtype, x.shape),)


@op(
    "clamp",
    inputs=("x",),
    infer=_infer_clamp,
    attributes=(Attribute("min", "scalar?", None), Attribute("max", "scalar?", None)),
)
def clamp(x: np.ndarray, *, min: Scalar | None, max: Scalar | None) -> np.ndarray:
    """``x`` limited to ``min``..``max``, either of which may be absent; ``max`` counts where they cross."""
    value, *limits = as_arrays(x, *(limit for limit in (min, max) if limit is not None))
    if min is not None:
        value = np.maximum(value, limits[0])
    return value if max is None else np.minimum(value, limits[-1])
