"""Methods and operators of Tensor, made from the functions of the same names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.eager import init
from mcore.platform.eager.base import Tensor, to_array, writable
from mcore.platform.eager.calling import overwrite, run
from mcore.platform.errors import BackendError
from mcore.platform.graph import TensorType
from mcore.platform.ops.promotion import result_type

#: Functions that are methods too, the tensor being their first argument.
METHODS = (
    *("abs", "acos", "acosh", "add", "addcdiv", "addcmul", "addmm", "all", "amax", "amin", "any", "argmax", "argmin"),
    *(
        "argsort",
        "asin",
        "asinh",
        "atan",
        "atan2",
        "atanh",
        "baddbmm",
        "bitwise_and",
        "bitwise_left_shift",
        "bitwise_not",
    ),
    *("bitwise_or", "bitwise_right_shift", "bitwise_xor", "bmm", "ceil", "chunk", "clamp", "clip", "copysign", "cos"),
    *(
        "cosh",
        "count_nonzero",
        "cummax",
        "cummin",
        "cumprod",
        "cumsum",
        "diag",
        "diagonal",
        "div",
        "divide",
        "dot",
        "eq",
    ),
    *(
        "erf",
        "exp",
        "exp2",
        "expand",
        "expm1",
        "flatten",
        "flip",
        "floor",
        "floor_divide",
        "fmax",
        "fmin",
        "fmod",
        "frac",
    ),
    *("gather", "ge", "gt", "hypot", "index_add", "index_copy", "index_fill", "index_put", "index_select", "isfinite"),
    *("isinf", "isnan", "le", "lerp", "log", "log10", "log1p", "log2", "log_softmax", "logaddexp", "logical_and"),
    *("logical_not", "logical_or", "logical_xor", "logsumexp", "lt", "masked_fill", "matmul", "max", "maximum", "mean"),
    *("median", "min", "minimum", "mm", "movedim", "mul", "multiply", "mv", "nan_to_num", "narrow", "ne", "neg"),
    *("negative", "norm", "outer", "permute", "pow", "prod", "ravel", "reciprocal", "relu", "remainder", "repeat"),
    *("repeat_interleave", "reshape", "roll", "round", "rsqrt", "scatter", "scatter_add", "scatter_reduce", "select"),
    *(
        "select_scatter",
        "sigmoid",
        "sign",
        "sin",
        "sinh",
        "slice_scatter",
        "softmax",
        "sort",
        "split",
        "split_with_sizes",
    ),
    *("sqrt", "square", "squeeze", "std", "sub", "subtract", "sum", "swapaxes", "t", "take", "take_along_dim", "tan"),
    *("tanh", "tensor_split", "tile", "topk", "transpose", "tril", "triu", "true_divide", "trunc", "unbind"),
    *("unflatten", "unsqueeze", "var", "view"),
)

#: Methods that have a form ending in ``_``, which writes the result into the tensor itself.
IN_PLACE = (
    *("abs", "acos", "acosh", "add", "addcdiv", "addcmul", "addmm", "asin", "asinh", "atan", "atan2", "atanh"),
    *(
        "baddbmm",
        "bitwise_and",
        "bitwise_left_shift",
        "bitwise_not",
        "bitwise_or",
        "bitwise_right_shift",
        "bitwise_xor",
    ),
    *(
        "ceil",
        "clamp",
        "clip",
        "copysign",
        "cos",
        "cosh",
        "cumprod",
        "cumsum",
        "div",
        "eq",
        "erf",
        "exp",
        "exp2",
        "expm1",
    ),
    *(
        "floor",
        "floor_divide",
        "fmod",
        "frac",
        "ge",
        "gt",
        "hypot",
        "index_add",
        "index_copy",
        "index_fill",
        "index_put",
    ),
    *("le", "lerp", "log", "log10", "log1p", "log2", "logical_and", "logical_not", "logical_or", "logical_xor", "lt"),
    *("masked_fill", "mul", "nan_to_num", "ne", "neg", "pow", "reciprocal", "relu", "remainder", "round", "rsqrt"),
    *("scatter", "scatter_add", "scatter_reduce", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "sub", "tan"),
    *("tanh", "tril", "triu", "trunc"),
)

_UNARY = {"__abs__": "abs", "__neg__": "neg"}
_BINARY = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "truediv": "div",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "pow",
    "matmul": "matmul",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
}
#: Operators of a number and a tensor: an op of its own, none where the order does not matter, else the number as a tensor.
_BY_NUMBER = {"sub": "rsub", "truediv": "rdiv", "pow": "rpow"}
_COMMUTING = frozenset({"add", "mul", "and", "or", "xor"})
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_NUMBERS = int | float | bool
_OPERANDS = Tensor | np.ndarray | np.generic | _NUMBERS


def _to(
    self: Tensor,
    *args: Any,
    dtype: DType | None = None,
    device: Any = None,
    non_blocking: bool = False,
    copy: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """The tensor in a dtype, or in that of another tensor; a device must be the CPU. Itself, if that changes nothing.

    With ``copy`` it is another tensor in any case; ``non_blocking`` and ``memory_format`` say nothing here.
    """
    flags = [a for a in args if isinstance(a, bool)]
    copy = flags[1] if len(flags) > 1 else copy
    for argument in (*args, device):
        if isinstance(argument, DType | Tensor):
            dtype = argument if isinstance(argument, DType) else argument.dtype
        elif argument is not None and not isinstance(argument, bool) and str(argument) != "cpu":
            raise BackendError(f"the Platform backend computes on the CPU, it has no device {argument!r}")
    if dtype is None or dtype is self.dtype:
        return self.clone() if copy else self
    return run("cast", (self,), {"dtype": dtype})


def _type(self: Tensor, dtype: DType) -> Tensor:
    """The tensor in a dtype; torch's names of types, such as ``torch.FloatTensor``, are not known here."""
    if not isinstance(dtype, DType):
        raise BackendError(f"a type is one of {', '.join(DType)}, not {dtype!r}")
    return _to(self, dtype)


def _cast(dtype: DType) -> Callable[[Tensor], Tensor]:
    def method(self: Tensor, memory_format: Any = None) -> Tensor:
        return _to(self, dtype)

    return method


def _in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda self, *args, **kwargs: overwrite(self, function(self, *args, **kwargs))


def _operator(function: Callable[..., Tensor]) -> Callable[[Tensor, Any], Any]:
    def method(self: Tensor, other: Any) -> Any:
        return function(self, _operand(other)) if isinstance(other, _OPERANDS) else NotImplemented

    return method


def _reflected(function: Callable[..., Tensor], name: str) -> Callable[[Tensor, Any], Any]:
    """The operator ``name`` with the tensor on the right."""

    def method(self: Tensor, other: Any) -> Any:
        if not isinstance(other, _OPERANDS):
            return NotImplemented
        other = _operand(other)
        if isinstance(other, Tensor):
            return function(other, self)
        if name in _BY_NUMBER:
            return run(_BY_NUMBER[name], (self,), {"other": other})
        return function(self, other) if name in _COMMUTING else function(_number_as(other, self), self)

    return method


def _number_as(number: Any, tensor: Tensor) -> Tensor:
    """A number as a tensor of the type that it and ``tensor`` are computed in."""
    return Tensor(number, result_type([TensorType(tensor.dtype, tensor.shape), number]))


def _in_place_operator(method: Callable[[Tensor, Any], Any]) -> Callable[[Tensor, Any], Any]:
    def in_place(self: Tensor, other: Any) -> Any:
        result = method(self, other)
        return result if result is NotImplemented else overwrite(self, result)

    return in_place


def _operand(value: Any) -> Any:
    return value if isinstance(value, Tensor | _NUMBERS) else Tensor(value)


def _fill(self: Tensor, value: Any) -> Tensor:
    writable(self)[...] = self.dtype.cast(to_array(value))
    return self


def _new_full(
    self: Tensor,
    size: Any,
    fill_value: float,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """``fill_value`` in a shape, and by default in the dtype of the tensor; what else may be given says nothing here."""
    return run("full", (), {"size": size, "fill_value": fill_value, "dtype": dtype or self.dtype})


def _new(value: float) -> Callable[..., Tensor]:
    def method(self: Tensor, *size: Any, **options: Any) -> Tensor:
        shape = size[0] if len(size) == 1 and isinstance(size[0], list | tuple) else size
        return _new_full(self, shape, value, **options)

    return method


def attach(functions: Mapping[str, Callable[..., Any]]) -> None:
    """Put methods and operators on Tensor, from the functions by name."""
    methods: dict[str, Any] = {name: functions[name] for name in METHODS}
    methods |= {f"{name}_": _in_place(functions[name]) for name in IN_PLACE}
    methods |= {special: functions[name] for special, name in _UNARY.items()}
    methods |= {f"__{name}__": _operator(functions[name]) for name in _COMPARISONS}
    for name, function in _BINARY.items():
        methods[f"__{name}__"] = _operator(functions[function])
        methods[f"__r{name}__"] = _reflected(functions[function], name)
        methods[f"__i{name}__"] = _in_place_operator(methods[f"__{name}__"])
    methods["__pos__"] = lambda self: self
    methods["__invert__"] = functions["bitwise_not"]
    methods["unfold"] = functions["tensor_unfold"]
    types = {
        "byte": DType.UINT8,
        "char": DType.INT8,
        "short": DType.INT16,
        "int": DType.INT32,
        "long": DType.INT64,
        "half": DType.FLOAT16,
        "bfloat16": DType.BFLOAT16,
        "float": DType.FLOAT32,
        "double": DType.FLOAT64,
        "bool": DType.BOOL,
    }
    methods |= {name: _cast(dtype) for name, dtype in types.items()}
    methods |= {
        "to": _to,
        "type": _type,
        "type_as": lambda self, other: _to(self, other.dtype),
        "cpu": lambda self: self,
    }
    methods |= {"fill_": _fill, "copy_": _fill, "zero_": lambda self: _fill(self, 0)}
    methods |= {"normal_": init.normal_, "uniform_": init.uniform_}
    methods |= {"new_zeros": _new(0), "new_ones": _new(1), "new_empty": _new(0), "new_full": _new_full}
    methods |= {"expand_as": lambda self, other: self.expand(other.shape)}
    methods |= {"view_as": lambda self, other: self.reshape(other.shape)}
    for name, method in methods.items():
        setattr(Tensor, name, method)
