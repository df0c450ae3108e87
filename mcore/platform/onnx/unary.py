"""Functions of one value, casts and questions."""

from __future__ import annotations

import math

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.onnx.emitter import Emitter, element_type
from mcore.platform.onnx.table import NoForm, Value, Writer, writes
from mcore.platform.ops.promotion import floating

writes("abs")(lambda e, x: x.name if x.dtype is DType.UINT8 else e("Abs", x))
writes("isnan")(lambda e, x: _question(e, "IsNaN", x))
writes("isinf")(lambda e, x: _question(e, "IsInf", x))
writes("logical_not")(lambda e, x: e("Not", e.cast(x, DType.BOOL)))
writes("bitwise_not")(lambda e, x: e("Not" if x.dtype is DType.BOOL else "BitwiseNot", x))
writes("cast")(lambda e, x, *, dtype: e("Cast", x, to=element_type(dtype)))


@writes("neg")
def _neg(e: Emitter, x: Value) -> str:
    if x.dtype is DType.UINT8:
        raise NoForm("ONNX does not negate unsigned integers")
    return e("Neg", x)


def _floating(kind: str) -> Writer:
    return lambda e, x: e(kind, e.cast(x, floating(x.dtype)))


for _name, _kind in {
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "sin": "Sin",
    "cos": "Cos",
    "tan": "Tan",
    "erf": "Erf",
    "asin": "Asin",
    "acos": "Acos",
    "atan": "Atan",
    "sinh": "Sinh",
    "cosh": "Cosh",
    "asinh": "Asinh",
    "acosh": "Acosh",
    "atanh": "Atanh",
}.items():
    writes(_name)(_floating(_kind))


def _whole(kind: str) -> Writer:
    """A rounding: integers stay as they are."""
    return lambda e, x: e(kind, x) if x.dtype.is_floating else e("Identity", x)


for _name, _kind in {"floor": "Floor", "ceil": "Ceil", "round": "Round"}.items():
    writes(_name)(_whole(_kind))


@writes("trunc")
def _trunc(e: Emitter, x: Value) -> str:
    return truncated(e, x.name, x.dtype) if x.dtype.is_floating else e("Identity", x)


def truncated(e: Emitter, x: str, dtype: DType) -> str:
    """Floating ``x`` without its fraction."""
    return e.where(e("Less", x, e.number(0, dtype)), e("Ceil", x), e("Floor", x))


@writes("sign")
def _sign(e: Emitter, x: Value) -> str:
    if not x.dtype.is_floating:
        return e("Sign", x)
    return e.where(e("IsNaN", x), e.number(0, x.dtype), e("Sign", x))


@writes("rsqrt")
def _rsqrt(e: Emitter, x: Value) -> str:
    return e("Reciprocal", e("Sqrt", e.cast(x, floating(x.dtype))))


@writes("exp2")
def _exp2(e: Emitter, x: Value) -> str:
    dtype = floating(x.dtype)
    return e("Pow", e.number(2, dtype), e.cast(x, dtype))


@writes("expm1")
def _expm1(e: Emitter, x: Value) -> str:
    """Near zero by ``2 t / (1 - t)`` with ``t = tanh(x / 2)``, where subtracting one would leave few digits."""
    dtype = floating(x.dtype)
    value, one, two = e.cast(x, dtype), e.number(1, dtype), e.number(2, dtype)
    t = e("Tanh", e("Div", value, two))
    near = e("Div", e("Mul", two, t), e("Sub", one, t))
    return e.where(e("Less", e("Abs", value), one), near, e("Sub", e("Exp", value), one))


@writes("log1p")
def _log1p(e: Emitter, x: Value) -> str:
    dtype = floating(x.dtype)
    return log1p(e, e.cast(x, dtype), dtype)


def log1p(e: Emitter, x: str, dtype: DType) -> str:
    """``log(1 + x)``, exact near zero: what rounding ``1 + x`` loses is put right by a factor (Kahan)."""
    one = e.number(1, dtype)
    u = e("Add", x, one)
    rounded = e("Sub", u, one)
    plain_log = e("Log", u)
    corrected = e("Mul", plain_log, e("Div", x, rounded))
    tiny = e("Equal", rounded, e.number(0, dtype))
    return e.where(tiny, x, e.where(e("IsInf", x), plain_log, corrected))


def _logarithm(base: float) -> Writer:
    def write(e: Emitter, x: Value) -> str:
        dtype = floating(x.dtype)
        return e("Mul", e("Log", e.cast(x, dtype)), e.number(1 / math.log(base), dtype))

    return write


writes("log2")(_logarithm(2))
writes("log10")(_logarithm(10))


def _question(e: Emitter, kind: str, x: Value) -> str:
    """A question that only floating values may answer with yes."""
    return e(kind, x if x.dtype.is_floating else e.cast(x, DType.FLOAT32))


@writes("isfinite")
def _isfinite(e: Emitter, x: Value) -> str:
    return e("Not", e("Or", _question(e, "IsNaN", x), _question(e, "IsInf", x)))


@writes("nan_to_num")
def _nan_to_num(e: Emitter, x: Value, *, nan: float | None, posinf: float | None, neginf: float | None) -> str:
    if not x.dtype.is_floating:
        return e("Identity", x)
    limits = np.finfo(x.dtype.numpy)
    high, low = (float(v) if given is None else given for v, given in ((limits.max, posinf), (limits.min, neginf)))
    result = e.where(e("IsNaN", x), e.number(nan or 0.0, x.dtype), x)
    for value, sign in ((high, "positive"), (low, "negative")):
        flags = {"detect_positive": int(sign == "positive"), "detect_negative": int(sign == "negative")}
        result = e.where(e("IsInf", x, **flags), e.number(value, x.dtype), result)
    return result
