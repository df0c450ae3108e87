"""Arithmetic, comparisons, logic and functions of one value."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from mcore.convert.from_torch.table import direct, maps
from mcore.convert.recorder import Recorder, Value, platform_dtype
from mcore.convert.symbolic import plain
from mcore.platform.dtypes import DType
from mcore.platform.ops.promotion import result_type

Operand = Value | int | float | bool


def binary(recorder: Recorder, op: str, x: Operand, other: Operand, **attributes: Any) -> Value:
    """``op`` of two operands of which at least one is a tensor; a number on the left has an op of its own."""
    if isinstance(x, Value):
        if isinstance(other, Value):
            return recorder.emit(op, [x, other], **attributes)
        return recorder.emit(op, [x], other=other, **attributes)
    if not isinstance(other, Value):
        recorder.refuse(f"{op} of two plain numbers where a tensor is expected")
    if op in _COMMUTING:
        return recorder.emit(op, [other], other=x)
    if op in _REVERSED and not any(attributes.values()):
        return recorder.emit(_REVERSED[op], [other], other=x)
    return recorder.emit(op, [_tensor_of(recorder, x, other), other], **attributes)


def _tensor_of(recorder: Recorder, number: int | float | bool, other: Value) -> Value:
    """A number as a tensor of the type that it and ``other`` are computed in."""
    dtype = result_type([other.type, number if isinstance(number, bool | float) else int(plain(number))])
    return recorder.emit("full", [], size=(), fill_value=number, dtype=dtype)


_COMMUTING = {"add": "add", "mul": "mul", "maximum": "maximum", "minimum": "minimum", "eq": "eq", "ne": "ne"}
_REVERSED = {"sub": "rsub", "div": "rdiv", "pow": "rpow"}


def _scaled(op: str, swap: bool = False) -> Any:
    def mapping(recorder: Recorder, input: Operand, other: Operand, *, alpha: float = 1) -> Value:
        if swap:
            input, other = other, input
        if alpha != 1:
            other = binary(recorder, "mul", other, alpha) if isinstance(other, Value) else other * alpha
        return binary(recorder, op, input, other)

    return mapping


maps("add", Tensor.__radd__)(_scaled("add"))
maps("sub", "subtract")(_scaled("sub"))
maps("rsub", Tensor.__rsub__)(_scaled("sub", swap=True))


def binary_call(op: str) -> Any:
    """The mapping of a function of two operands."""

    def mapping(recorder: Recorder, input: Operand, other: Operand) -> Value:
        return binary(recorder, op, input, other)

    return mapping


def swapped(op: str) -> Any:
    """As :func:`binary_call`, for operators that are given their right operand first."""

    def mapping(recorder: Recorder, input: Operand, other: Operand) -> Value:
        return binary(recorder, op, other, input)

    return mapping


_PLAIN = ("mul", "minimum", "maximum", "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or")
for _op in _PLAIN:
    maps(_op)(binary_call(_op))
for _op in ("eq", "ne", "lt", "le", "gt", "ge"):
    maps(getattr(Tensor, f"__{_op}__"))(binary_call(_op))
maps("multiply", Tensor.__rmul__)(binary_call("mul"))
maps("less")(binary_call("lt"))
maps("greater")(binary_call("gt"))
maps("greater_equal")(binary_call("ge"))
maps("less_equal")(binary_call("le"))
maps("not_equal")(binary_call("ne"))


@maps("pow", Tensor.__pow__, Tensor.__ipow__)
def power(recorder: Recorder, input: Operand, exponent: Operand) -> Value:
    return binary(recorder, "pow", input, exponent)


maps(Tensor.__rpow__)(swapped("pow"))


@maps("float_power")
def float_power(recorder: Recorder, input: Operand, exponent: Operand) -> Value:
    """A power taken in double precision, whatever the operands are."""
    base, power = (cast(recorder, v, DType.FLOAT64) if isinstance(v, Value) else float(v) for v in (input, exponent))
    return binary(recorder, "pow", base, power)


@maps("div", "divide", "true_divide", Tensor.__truediv__, Tensor.__itruediv__)
def div(recorder: Recorder, input: Operand, other: Operand, *, rounding_mode: str | None = None) -> Value:
    return binary(recorder, "div", input, other, rounding_mode=rounding_mode)


maps(Tensor.__rdiv__, Tensor.__rtruediv__)(swapped("div"))


@maps("floor_divide", Tensor.__floordiv__, Tensor.__ifloordiv__)
def floor_divide(recorder: Recorder, input: Operand, other: Operand) -> Value:
    return binary(recorder, "div", input, other, rounding_mode="floor")


maps(Tensor.__rfloordiv__)(lambda recorder, input, other: floor_divide(recorder, other, input))


direct("logical_not")


@maps("logical_xor")
def logical_xor(recorder: Recorder, input: Value, other: Value) -> Value:
    return recorder.emit("ne", [cast(recorder, value, DType.BOOL) for value in (input, other)])


@maps("square")
def square(recorder: Recorder, input: Value) -> Value:
    return recorder.emit("pow", [input], other=2)


@maps("reciprocal")
def reciprocal(recorder: Recorder, input: Value) -> Value:
    return recorder.emit("rdiv", [input], other=1)


@maps("clamp", "clip")
def clamp(recorder: Recorder, input: Value, min: Operand | None = None, max: Operand | None = None) -> Value:
    for op, limit in (("maximum", min), ("minimum", max)):
        if isinstance(limit, Value):
            input = recorder.emit(op, [input, limit])
    low, high = (None if isinstance(limit, Value) else limit for limit in (min, max))
    return input if low is None and high is None else recorder.emit("clamp", [input], min=low, max=high)


@maps("clamp_min")
def clamp_min(recorder: Recorder, input: Value, min: Operand) -> Value:
    return clamp(recorder, input, min=min)


@maps("clamp_max")
def clamp_max(recorder: Recorder, input: Value, max: Operand) -> Value:
    return clamp(recorder, input, max=max)


@maps(torch.where)
def where(recorder: Recorder, condition: Value, input: Operand | None = None, other: Operand | None = None) -> Value:
    if input is None or other is None:
        recorder.refuse("asks where a condition holds: how often depends on data; use where with two values")
    tensors = [v if isinstance(v, Value) else None for v in (input, other)]
    numbers = {n: v for n, v in (("x", input), ("other", other)) if not isinstance(v, Value)}
    return recorder.emit("where", [condition, *tensors], **numbers)


maps(Tensor.where)(lambda recorder, self, condition, other: where(recorder, condition, self, other))


@maps("masked_fill")
def masked_fill(recorder: Recorder, input: Value, mask: Value, value: Operand) -> Value:
    if isinstance(value, float) and math.isnan(value):
        return recorder.emit("where", [mask, None, input], x=value)
    if isinstance(value, Value):
        return recorder.emit("where", [mask, value, input])
    return recorder.emit("masked_fill", [input, mask], value=value)


def cast(recorder: Recorder, value: Value, dtype: torch.dtype | DType) -> Value:
    """``value`` in another element type; itself where it has that already."""
    try:
        wanted = dtype if isinstance(dtype, DType) else platform_dtype(dtype)
    except ValueError as error:
        recorder.refuse(str(error))
    return value if value.type.dtype is wanted else recorder.emit("cast", [value], dtype=wanted)


for _name, _dtype in (
    ("float", torch.float32),
    ("double", torch.float64),
    ("half", torch.float16),
    ("bfloat16", torch.bfloat16),
    ("int", torch.int32),
    ("long", torch.int64),
    ("short", torch.int16),
    ("char", torch.int8),
    ("byte", torch.uint8),
    ("bool", torch.bool),
):
    maps(getattr(Tensor, _name))(lambda recorder, self, memory_format=None, _dtype=_dtype: cast(recorder, self, _dtype))


@maps(Tensor.type)
def type_(recorder: Recorder, self: Value, dtype: Any = None, non_blocking: bool = False) -> Value:
    if not isinstance(dtype, torch.dtype):
        recorder.refuse(f"asks for the type {dtype!r} of a tensor; give a torch.dtype")
    return cast(recorder, self, dtype)


@maps(Tensor.type_as)
def type_as(recorder: Recorder, self: Value, other: Value) -> Value:
    return cast(recorder, self, other.type.dtype)


@maps(Tensor.to)
def to(
    recorder: Recorder,
    self: Value,
    *args: Any,
    dtype: torch.dtype | None = None,
    device: Any = None,
    non_blocking: bool = False,
    copy: bool = False,
    memory_format: Any = None,
) -> Value:
    for argument in args:
        if isinstance(argument, torch.dtype):
            dtype = argument
        elif isinstance(argument, Value):
            return cast(recorder, self, argument.type.dtype)
    return self if dtype is None else cast(recorder, self, dtype)
