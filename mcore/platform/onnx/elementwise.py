"""Arithmetic, comparisons and logic of two operands, which are cast to the type that they promote to."""

from __future__ import annotations

from mcore.platform.dtypes import DType
from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import NoForm, Value, Writer, writes
from mcore.platform.onnx.unary import truncated
from mcore.platform.ops.promotion import Scalar, floating, result_type


def pair(x: Value, y: Value | None, other: Scalar | None) -> tuple[tuple[Value | Scalar, Value | Scalar], DType]:
    """Both operands, and the type that they promote to."""
    second = other if y is None else y
    assert second is not None
    return (x, second), result_type([x.type, second.type if isinstance(second, Value) else second])


def _arithmetic(kind: str, of_bool: str = "") -> Writer:
    def write(e: Emitter, x: Value, y: Value | None = None, *, other: Scalar | None) -> str:
        both, dtype = pair(x, y, other)
        return e(of_bool if dtype is DType.BOOL else kind, *e.operands(*both))

    return write


writes("add")(_arithmetic("Add", "Or"))
writes("sub")(_arithmetic("Sub"))
writes("mul")(_arithmetic("Mul", "And"))
writes("minimum")(_arithmetic("Min", "And"))
writes("maximum")(_arithmetic("Max", "Or"))


def _comparison(kind: str, *, opposite: bool = False) -> Writer:
    def write(e: Emitter, x: Value, y: Value | None = None, *, other: Scalar | None) -> str:
        both, dtype = pair(x, y, other)
        result = e(kind, *e.operands(*both, dtype=DType.INT32 if dtype is DType.BOOL else dtype))
        return e("Not", result) if opposite else result

    return write


writes("eq")(_comparison("Equal"))
writes("ne")(_comparison("Equal", opposite=True))
writes("lt")(_comparison("Less"))
writes("le")(_comparison("LessOrEqual"))
writes("gt")(_comparison("Greater"))
writes("ge")(_comparison("GreaterOrEqual"))


def _logical(kind: str) -> Writer:
    def write(e: Emitter, x: Value, y: Value | None = None, *, other: Scalar | None) -> str:
        both, _ = pair(x, y, other)
        return e(kind, *e.operands(*both, dtype=DType.BOOL))

    return write


writes("logical_and")(_logical("And"))
writes("logical_or")(_logical("Or"))


@writes("pow")
def _pow(e: Emitter, x: Value, y: Value | None = None, *, other: Scalar | None) -> str:
    both, dtype = pair(x, y, other)
    _check_power(dtype)
    base, exponent = e.operands(*both)
    if dtype.is_floating or y is None:
        return e("Pow", base, exponent)
    return _integer_power(e, base, exponent, dtype)


def _check_power(dtype: DType) -> None:
    if not dtype.is_floating and dtype not in (DType.INT32, DType.INT64):
        raise NoForm(f"ONNX takes no powers of {dtype.value}")


def _integer_power(e: Emitter, base: str, exponent: str, dtype: DType) -> str:
    """With a negative exponent 1 / base without its fraction, which ONNX leaves open."""
    zero, one, minus = (e.number(v, dtype) for v in (0, 1, -1))
    odd = e("Equal", e("Mod", exponent, e.number(2, dtype)), one)
    alternating = e.where(odd, minus, one)
    fraction = e.where(e("Equal", base, one), one, e.where(e("Equal", base, minus), alternating, zero))
    power = e("Pow", base, e("Max", exponent, zero))
    return e.where(e("Less", exponent, zero), fraction, power)


@writes("rpow")
def _rpow(e: Emitter, x: Value, *, other: Scalar) -> str:
    dtype = result_type([x.type, other])
    _check_power(dtype)
    base, exponent = e.operands(other, x)
    return e("Pow", base, exponent) if dtype.is_floating else _integer_power(e, base, exponent, dtype)


@writes("rsub")
def _rsub(e: Emitter, x: Value, *, other: Scalar) -> str:
    return e("Sub", *e.operands(other, x))


@writes("rdiv")
def _rdiv(e: Emitter, x: Value, *, other: Scalar) -> str:
    return e("Div", *e.operands(other, x, dtype=floating(result_type([x.type, other]))))


@writes("div")
def _div(e: Emitter, x: Value, y: Value | None = None, *, other: Scalar | None, rounding_mode: str | None) -> str:
    both, dtype = pair(x, y, other)
    if rounding_mode is None:
        return e("Div", *e.operands(*both, dtype=floating(dtype)))
    a, b = e.operands(*both)
    if not dtype.is_floating:
        return whole_quotient(e, a, b, dtype, down=rounding_mode == "floor")
    quotient = e("Div", a, b)
    return e("Floor", quotient) if rounding_mode == "floor" else truncated(e, quotient, dtype)


def whole_quotient(e: Emitter, a: str, b: str, dtype: DType, *, down: bool) -> str:
    """``a / b`` of integers, rounded down or towards zero; 0 for a ``b`` of zero, which could end a process."""
    zero = e.number(0, dtype)
    nothing = e("Equal", b, zero)
    divisor = e.where(nothing, e.number(1, dtype), b)
    # Mod has the divisor's sign: without it the division is even.
    dividend = e("Sub", a, e("Mod", a, divisor)) if down else a
    return e.where(nothing, zero, e("Div", dividend, divisor))


@writes("where")
def _where(
    e: Emitter,
    condition: Value,
    a: Value | None = None,
    b: Value | None = None,
    *,
    x: Scalar | None,
    other: Scalar | None,
) -> str:
    first, second = x if a is None else a, other if b is None else b
    assert first is not None
    assert second is not None
    dtype = result_type([v.type if isinstance(v, Value) else v for v in (first, second)])
    a_name, b_name = e.operands(first, second)
    return _chosen(e, condition, a_name, b_name, dtype)


def _chosen(e: Emitter, condition: Value, a: str, b: str, dtype: DType) -> str:
    """Where; of truth values written in logic, since runtimes choose between numbers alone."""
    if dtype is not DType.BOOL:
        return e.where(condition, a, b)
    return e("Or", e("And", condition, a), e("And", e("Not", condition), b))


@writes("masked_fill")
def _masked_fill(e: Emitter, x: Value, mask: Value, *, value: Scalar) -> str:
    return _chosen(e, mask, e.number(value, x.dtype), x.name, x.dtype)


@writes("clamp")
def _clamp(e: Emitter, x: Value, *, min: Scalar | None, max: Scalar | None) -> str:
    dtype = result_type([x.type, *(v for v in (min, max) if v is not None)])
    value = e.cast(x, dtype)
    if min is not None and max is not None:
        return e("Clip", value, e.number(min, dtype), e.number(max, dtype))
    # Clip's own limit for one that is absent is the largest number, which would cut infinity off.
    return e("Min", value, e.number(max, dtype)) if max is not None else e("Max", value, e.number(min or 0, dtype))
