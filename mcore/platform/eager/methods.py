"""Methods and operators of Tensor, made from the functions of the same names."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.eager import init
from mcore.platform.eager.base import Tensor, to_array
from mcore.platform.eager.calling import overwrite, run
from mcore.platform.errors import BackendError

#: Functions that are methods too, the tensor being their first argument.
METHODS = (
    *("abs", "add", "amax", "amin", "argmax", "argmin", "argsort", "bmm", "ceil", "chunk", "clamp", "clip", "cos"),
    *("cumsum", "div", "divide", "eq", "erf", "exp", "expand", "flatten", "flip", "floor", "gather", "ge", "gt"),
    *("index_select", "le", "log", "log_softmax", "logical_and", "logical_not", "logical_or", "lt", "masked_fill"),
    *("matmul", "max", "maximum", "mean", "min", "minimum", "movedim", "mul", "multiply", "ne", "neg", "negative"),
    *("norm", "permute", "pow", "reciprocal", "relu", "remainder", "repeat", "repeat_interleave", "reshape", "roll"),
    *("round", "rsqrt", "sigmoid", "sin", "softmax", "sort", "split", "sqrt", "square", "squeeze", "std", "sub"),
    *("subtract", "sum", "swapaxes", "tanh", "tile", "topk", "transpose", "true_divide", "unbind", "unflatten"),
    *("unsqueeze", "var", "view"),
)

#: Methods that have a form ending in ``_``, which writes the result into the tensor itself.
IN_PLACE = (
    *("abs", "add", "ceil", "clamp", "cos", "div", "exp", "floor", "log", "masked_fill", "mul", "neg", "pow", "relu"),
    *("round", "rsqrt", "sigmoid", "sin", "sqrt", "square", "sub", "tanh"),
)

_UNARY = {"__abs__": "abs", "__neg__": "neg"}
_BINARY = {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow", "matmul": "matmul"}
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


def _cast(dtype: DType) -> Callable[[Tensor], Tensor]:
    return lambda self, memory_format=None: _to(self, dtype)


def _in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda self, *args, **kwargs: overwrite(self, function(self, *args, **kwargs))


def _operator(function: Callable[..., Tensor]) -> Callable[[Tensor, Any], Any]:
    def method(self: Tensor, other: Any) -> Any:
        return function(self, _operand(other)) if isinstance(other, _OPERANDS) else NotImplemented

    return method


def _reflected(function: Callable[..., Tensor], by_number: str | None) -> Callable[[Tensor, Any], Any]:
    """The operator with the tensor on the right; numbers go to the op ``by_number`` if it does not commute."""

    def method(self: Tensor, other: Any) -> Any:
        if not isinstance(other, _OPERANDS):
            return NotImplemented
        other = _operand(other)
        if isinstance(other, Tensor):
            return function(other, self)
        return run(by_number, (self,), {"other": other}) if by_number else function(self, other)

    return method


def _in_place_operator(method: Callable[[Tensor, Any], Any]) -> Callable[[Tensor, Any], Any]:
    def in_place(self: Tensor, other: Any) -> Any:
        result = method(self, other)
        return result if result is NotImplemented else overwrite(self, result)

    return in_place


def _operand(value: Any) -> Any:
    return value if isinstance(value, Tensor | _NUMBERS) else Tensor(value)


def _integers_or_bools(name: str, function: Callable[[Any, Any], Any]) -> Callable[[Tensor, Any], Any]:
    def method(self: Tensor, other: Any) -> Tensor:
        if self.dtype.is_floating:
            raise BackendError(f"{name} takes bools or integers, not {self.dtype}")
        return Tensor(function(self.numpy(), to_array(other)))

    return method


def _fill(self: Tensor, value: Any) -> Tensor:
    self.numpy()[...] = self.dtype.cast(to_array(value))
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
        by_number = {"sub": "rsub", "truediv": "rdiv", "pow": "rpow"}.get(name)
        methods[f"__{name}__"] = _operator(functions[function])
        methods[f"__r{name}__"] = _reflected(functions[function], by_number)
        methods[f"__i{name}__"] = _in_place_operator(methods[f"__{name}__"])
    methods["__mod__"] = _operator(functions["remainder"])
    methods["__floordiv__"] = _operator(lambda a, b: functions["div"](a, b, rounding_mode="floor"))
    methods["__pos__"] = lambda self: self
    methods["__invert__"] = lambda self: Tensor(~self.numpy())
    for name, logic in (("and", operator.and_), ("or", operator.or_), ("xor", operator.xor)):
        methods[f"__{name}__"] = methods[f"__r{name}__"] = _integers_or_bools(name, logic)
    types = {
        "int": DType.INT32,
        "long": DType.INT64,
        "half": DType.FLOAT16,
        "float": DType.FLOAT32,
        "double": DType.FLOAT64,
        "bool": DType.BOOL,
    }
    methods |= {name: _cast(dtype) for name, dtype in types.items()}
    methods |= {"to": _to, "type_as": lambda self, other: _to(self, other.dtype), "cpu": lambda self: self}
    methods |= {"fill_": _fill, "copy_": _fill, "zero_": lambda self: _fill(self, 0)}
    methods |= {"normal_": init.normal_, "uniform_": init.uniform_}
    methods |= {"new_zeros": _new(0), "new_ones": _new(1), "new_full": _new_full}
    methods |= {"expand_as": lambda self, other: self.expand(other.shape)}
    methods |= {"view_as": lambda self, other: self.reshape(other.shape)}
    for name, method in methods.items():
        setattr(Tensor, name, method)
