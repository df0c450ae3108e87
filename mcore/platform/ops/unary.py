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
_floating("exp", np.exp, "``e`` to the power of ``x``.")
_floating("log", np.log, "Natural logarithm; NaN below zero.")
_floating("sqrt", np.sqrt, "Square root; NaN below zero.")
_floating("rsqrt", lambda x: 1 / np.sqrt(x), "``1 / sqrt(x)``.")
_floating("sin", np.sin, "Sine of an angle in radians.")
_floating("cos", np.cos, "Cosine of an angle in radians.")
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


@op("logical_not", inputs=("x",), infer=_infer_truth)
def logical_not(x: np.ndarray) -> np.ndarray:
    """Whether ``x`` is zero or false."""
    return np.logical_not(x)
