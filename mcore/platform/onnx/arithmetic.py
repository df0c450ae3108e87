"""Arithmetic of two values besides that of the operators."""

from __future__ import annotations

import math

from mcore.platform.dtypes import DType
from mcore.platform.onnx.elementwise import pair
from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import Value, Writer, refuses, writes
from mcore.platform.onnx.unary import log1p
from mcore.platform.ops.promotion import Scalar, floating

refuses("ONNX shifts unsigned integers alone", "bitwise_left_shift", "bitwise_right_shift")


def _bits(kind: str, of_bool: str) -> Writer:
    def write(e: Emitter, x: Value, y: Value | None = None, *, other: Scalar | None) -> str:
        both, dtype = pair(x, y, other)
        return e(of_bool if dtype is DType.BOOL else kind, *e.operands(*both))

    return write


writes("bitwise_and")(_bits("BitwiseAnd", "And"))
writes("bitwise_or")(_bits("BitwiseOr", "Or"))
writes("bitwise_xor")(_bits("BitwiseXor", "Xor"))


def _rest(e: Emitter, a: str, b: str, dtype: DType, *, towards_zero: bool) -> str:
    """What ``a`` is beyond a multiple of ``b``; of integers 0 for a ``b`` of zero, which could end a process."""
    zero = e.number(0, dtype)
    if not dtype.is_floating:
        nothing = e("Equal", b, zero)
        rest = e("Mod", a, e.where(nothing, e.number(1, dtype), b), fmod=int(towards_zero))
        return e.where(nothing, zero, rest)
    rest = e("Mod", a, b, fmod=1)
    if towards_zero:
        return rest
    other_side = e("Xor", e("Less", rest, zero), e("Less", b, zero))
    beside = e("Not", e("Equal", rest, zero))
    return e.where(e("And", other_side, beside), e("Add", rest, b), rest)


@writes("remainder")
def _remainder(e: Emitter, x: Value, y: Value | None = None, *, other: Scalar | None) -> str:
    both, dtype = pair(x, y, other)
    first, second = e.operands(*both)
    return _rest(e, first, second, dtype, towards_zero=False)


@writes("fmod")
def _fmod(e: Emitter, x: Value, y: Value | None = None, *, other: Scalar | None) -> str:
    both, dtype = pair(x, y, other)
    first, second = e.operands(*both)
    return _rest(e, first, second, dtype, towards_zero=True)


def _floating(function: Writer) -> Writer:
    """A function of two floating operands."""

    def write(e: Emitter, x: Value, y: Value | None = None, *, other: Scalar | None) -> str:
        both, dtype = pair(x, y, other)
        dtype = floating(dtype)
        result = function(e, *e.operands(*both, dtype=dtype), dtype)
        assert isinstance(result, str)
        return result

    return write


def _negative(e: Emitter, x: str, dtype: DType) -> str:
    """Whether the sign is a minus, of zero too."""
    zero, one = e.number(0, dtype), e.number(1, dtype)
    return e("Or", e("Less", x, zero), e("Less", e("Div", one, x), zero))


@writes("copysign")
@_floating
def _copysign(e: Emitter, a: str, b: str, dtype: DType) -> str:
    size = e("Abs", a)
    return e.where(_negative(e, b, dtype), e("Neg", size), size)


@writes("hypot")
@_floating
def _hypot(e: Emitter, a: str, b: str, dtype: DType) -> str:
    first, second, zero, one = e("Abs", a), e("Abs", b), e.number(0, dtype), e.number(1, dtype)
    large, small = e("Max", first, second), e("Min", first, second)
    ratio = e("Div", small, e.where(e("Equal", large, zero), one, large))
    result = e("Mul", large, e("Sqrt", e("Add", one, e("Mul", ratio, ratio))))
    return e.where(e("IsInf", large), large, result)


@writes("logaddexp")
@_floating
def _logaddexp(e: Emitter, a: str, b: str, dtype: DType) -> str:
    apart = e("Neg", e("Abs", e("Sub", a, b)))
    sum_of_both = e("Add", e("Max", a, b), log1p(e, e("Exp", apart), dtype))
    # Two equal infinities have no difference.
    return e.where(e("Equal", a, b), e("Add", a, e.number(math.log(2), dtype)), sum_of_both)


@writes("atan2")
@_floating
def _atan2(e: Emitter, a: str, b: str, dtype: DType) -> str:
    """By the angle in the first quadrant, of the smaller side over the larger one."""
    first, second, zero, one = e("Abs", a), e("Abs", b), e.number(0, dtype), e.number(1, dtype)
    large, small = e("Max", first, second), e("Min", first, second)
    ratio = e("Div", small, e.where(e("Equal", large, zero), one, large))
    ratio = e.where(e("And", e("IsInf", first), e("IsInf", second)), one, ratio)
    angle = e("Atan", ratio)
    steep = e("Greater", first, second)
    angle = e.where(steep, e("Sub", e.number(math.pi / 2, dtype), angle), angle)
    angle = e.where(_negative(e, b, dtype), e("Sub", e.number(math.pi, dtype), angle), angle)
    return e.where(_negative(e, a, dtype), e("Neg", angle), angle)


def _passing_over(kind: str, of_bool: str) -> Writer:
    """An extreme that passes over NaN."""

    def write(e: Emitter, x: Value, y: Value | None = None, *, other: Scalar | None) -> str:
        both, dtype = pair(x, y, other)
        a, b = e.operands(*both)
        if not dtype.is_floating:
            return e(of_bool if dtype is DType.BOOL else kind, a, b)
        return e.where(e("IsNaN", a), b, e.where(e("IsNaN", b), a, e(kind, a, b)))

    return write


writes("fmax")(_passing_over("Max", "Or"))
writes("fmin")(_passing_over("Min", "And"))
