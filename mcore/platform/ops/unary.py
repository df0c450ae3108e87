"""Functions of one value: arithmetic, rounding, trigonometry, casts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import special
from mcore.platform.ops.promotion import floating
from mcore.platform.ops.registry import Attribute, op


def _infer_number(x: TensorType) -> tuple[TensorType, ...]:
    """The shape and type of ``x``, which is of numbers."""
    if x.dtype is DType.BOOL:
        raise ShapeError("x must be a number type, it is bool")
    return (x,)


def _infer_floating(x: TensorType) -> tuple[TensorType, ...]:
    """The shape of ``x``; floating, float32 for integers and bool."""
    return (TensorType(floating(x.dtype), x.shape),)


def _number(name: str, function: Callable[[np.ndarray], np.ndarray], doc: str) -> None:
    """Register a function that keeps the element type."""

    def kernel(x: np.ndarray) -> np.ndarray:
        return np.asarray(function(x)).astype(x.dtype, copy=False)

    kernel.__doc__ = doc
    op(name, inputs=("x",), infer=_infer_number)(kernel)


def _floating(name: str, function: Callable[[np.ndarray], np.ndarray], doc: str) -> None:
    """Register a function whose result is floating: float32 for integers and bool."""

    def kernel(x: np.ndarray) -> np.ndarray:
        dtype = floating(DType.of(x)).numpy
        return np.asarray(function(x.astype(dtype, copy=False))).astype(dtype, copy=False)

    kernel.__doc__ = doc
    op(name, inputs=("x",), infer=_infer_floating)(kernel)


_number("neg", np.negative, "``-x``; unsigned integers wrap around.")
_number("abs", np.abs, "Magnitude.")
_number("floor", np.floor, "Largest whole number that is not above ``x``.")
_number("ceil", np.ceil, "Smallest whole number that is not below ``x``.")
_number("round", np.round, "Nearest whole number; halves go to the even one.")
_number("sign", lambda x: np.subtract(x > 0, x < 0, dtype=np.int8), "-1, 0 or 1; 0 for NaN, as torch has it.")
_number("trunc", np.trunc, "``x`` without its fraction.")
_floating("exp", np.exp, "``e`` to the power of ``x``.")
_floating("log", np.log, "Natural logarithm; NaN below zero.")
_floating("exp2", np.exp2, "2 to the power of ``x``.")
_floating("expm1", np.expm1, "``exp(x) - 1``, exact near zero.")
_floating("log1p", np.log1p, "``log(1 + x)``, exact near zero.")
_floating("log2", np.log2, "Logarithm to base 2.")
_floating("log10", np.log10, "Logarithm to base 10.")
_floating("sqrt", np.sqrt, "Square root; NaN below zero.")
_floating("rsqrt", lambda x: 1 / np.sqrt(x), "``1 / sqrt(x)``.")
_floating("sin", np.sin, "Sine of an angle in radians.")
_floating("cos", np.cos, "Cosine of an angle in radians.")
_floating("tan", np.tan, "Tangent of an angle in radians.")
_floating("asin", np.arcsin, "The angle in radians whose sine is ``x``.")
_floating("acos", np.arccos, "The angle in radians whose cosine is ``x``.")
_floating("atan", np.arctan, "The angle in radians whose tangent is ``x``.")
_floating("sinh", np.sinh, "Hyperbolic sine.")
_floating("cosh", np.cosh, "Hyperbolic cosine.")
_floating("asinh", np.arcsinh, "Inverse hyperbolic sine.")
_floating("acosh", np.arccosh, "Inverse hyperbolic cosine; NaN below one.")
_floating("atanh", np.arctanh, "Inverse hyperbolic tangent.")
_floating("erf", special.erf, "The error function ``2 / sqrt(pi) * integral(exp(-t²), t = 0..x)``.")


def _infer_cast(x: TensorType, *, dtype: DType) -> tuple[TensorType, ...]:
    """The shape of ``x``, in ``dtype``."""
    return (TensorType(dtype, x.shape),)


@op("cast", inputs=("x",), infer=_infer_cast, attributes=(Attribute("dtype", "dtype"),))
def cast(x: np.ndarray, *, dtype: DType) -> np.ndarray:
    """``x`` in another element type; floating values lose their fraction on the way to integers."""
    return x.astype(dtype.numpy)


def _infer_truth(x: TensorType) -> tuple[TensorType, ...]:
    """The shape of ``x``; bool."""
    return (TensorType(DType.BOOL, x.shape),)


def _test(name: str, function: Callable[[np.ndarray], np.ndarray], doc: str) -> None:
    """Register a question that has an answer for each element."""

    def kernel(x: np.ndarray) -> np.ndarray:
        return function(x)

    kernel.__doc__ = doc
    op(name, inputs=("x",), infer=_infer_truth)(kernel)


_test("isnan", np.isnan, "Whether ``x`` is NaN.")
_test("isinf", np.isinf, "Whether ``x`` is infinite, of either sign.")
_test("isfinite", np.isfinite, "Whether ``x`` is neither infinite nor NaN.")


@op("logical_not", inputs=("x",), infer=_infer_truth)
def logical_not(x: np.ndarray) -> np.ndarray:
    """Whether ``x`` is zero or false."""
    return np.logical_not(x)


def _infer_bits(x: TensorType) -> tuple[TensorType, ...]:
    """The shape and type of ``x``."""
    if x.dtype.is_floating:
        raise ShapeError(f"x must be integer or bool, it is {x.dtype}")
    return (x,)


@op("bitwise_not", inputs=("x",), infer=_infer_bits)
def bitwise_not(x: np.ndarray) -> np.ndarray:
    """``x`` with all bits turned: ``-x - 1`` of a signed integer."""
    return np.invert(x)


def _infer_nan_to_num(
    x: TensorType, *, nan: float | None, posinf: float | None, neginf: float | None
) -> tuple[TensorType, ...]:
    """The shape and type of ``x``."""
    return (x,)


@op(
    "nan_to_num",
    inputs=("x",),
    infer=_infer_nan_to_num,
    attributes=(
        Attribute("nan", "float?", None),
        Attribute("posinf", "float?", None),
        Attribute("neginf", "float?", None),
    ),
)
def nan_to_num(x: np.ndarray, *, nan: float | None, posinf: float | None, neginf: float | None) -> np.ndarray:
    """``x`` with numbers for NaN (0 by default) and the infinities (by default the type's largest and least numbers)."""
    return np.nan_to_num(x, nan=nan or 0.0, posinf=posinf, neginf=neginf)
