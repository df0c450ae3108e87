"""Functions of one value, remainders, bits, and other functions of two values."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from mcore.convert.from_torch.arithmetic import Operand, binary, binary_call, swapped
from mcore.convert.from_torch.table import direct, maps
from mcore.convert.recorder import Recorder, Value
from mcore.platform.dtypes import DType

_UNARY: dict[str, tuple[Any, ...]] = {
    "neg": ("negative", Tensor.__neg__),
    "abs": ("absolute", Tensor.__abs__),
    "sign": ("sgn",),
    "floor": (),
    "ceil": (),
    "trunc": ("fix",),
    "exp": (),
    "exp2": (),
    "expm1": (),
    "log": (),
    "log1p": (),
    "log2": (),
    "log10": (),
    "sqrt": (),
    "rsqrt": (),
    "sin": (),
    "cos": (),
    "tan": (),
    "asin": ("arcsin",),
    "acos": ("arccos",),
    "atan": ("arctan",),
    "sinh": (),
    "cosh": (),
    "asinh": ("arcsinh",),
    "acosh": ("arccosh",),
    "atanh": ("arctanh",),
    "erf": (),
    "isnan": (),
    "isinf": (),
    "isfinite": (),
    "nan_to_num": (),
}
for _op, _names in _UNARY.items():
    direct(_op, _op, *_names)


@maps("round")
def round_(recorder: Recorder, input: Value, *, decimals: int = 0) -> Value:
    if not decimals:
        return recorder.emit("round", [input])
    factor = 10 ** abs(decimals)
    there, back = ("mul", "div") if decimals > 0 else ("div", "mul")
    scaled = recorder.emit("round", [recorder.emit(there, [input], other=factor)])
    return recorder.emit(back, [scaled], other=factor)


@maps("frac")
def frac(recorder: Recorder, input: Value) -> Value:
    return recorder.emit("sub", [input, recorder.emit("trunc", [input])])


maps("isposinf")(lambda recorder, input: recorder.emit("eq", [input], other=float("inf")))
maps("isneginf")(lambda recorder, input: recorder.emit("eq", [input], other=float("-inf")))

_BINARY: dict[str, tuple[Any, ...]] = {
    "remainder": (Tensor.__mod__, Tensor.__imod__),
    "fmod": (),
    "atan2": ("arctan2",),
    "hypot": (),
    "copysign": (),
    "logaddexp": (),
    "fmax": (),
    "fmin": (),
    "bitwise_xor": (Tensor.__xor__, Tensor.__ixor__, Tensor.__rxor__),
    "bitwise_left_shift": (Tensor.__lshift__, Tensor.__ilshift__),
    "bitwise_right_shift": (Tensor.__rshift__, Tensor.__irshift__),
}
for _op, _names in _BINARY.items():
    maps(_op, *_names)(binary_call(_op))
maps(Tensor.__rmod__)(swapped("remainder"))
maps(Tensor.__rlshift__)(swapped("bitwise_left_shift"))
maps(Tensor.__rrshift__)(swapped("bitwise_right_shift"))


def _bits(op: str, of_bools: str) -> Any:
    """Of bools alone the logical op, which the graph is easier to read with."""

    def mapping(recorder: Recorder, input: Operand, other: Operand) -> Value:
        plain = all((v.type.dtype is DType.BOOL) if isinstance(v, Value) else type(v) is bool for v in (input, other))
        return binary(recorder, of_bools if plain else op, input, other)

    return mapping


maps("bitwise_and", Tensor.__and__, Tensor.__iand__, Tensor.__rand__)(_bits("bitwise_and", "logical_and"))
maps("bitwise_or", Tensor.__or__, Tensor.__ior__, Tensor.__ror__)(_bits("bitwise_or", "logical_or"))


@maps("bitwise_not", Tensor.__invert__)
def bitwise_not(recorder: Recorder, input: Value) -> Value:
    return recorder.emit("logical_not" if input.type.dtype is DType.BOOL else "bitwise_not", [input])
