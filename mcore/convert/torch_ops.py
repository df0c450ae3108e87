"""To torch: how each op of the Platform is computed by torch, for a network rebuilt from its graph.

Where torch has a function of the op's name, it is called with the op's inputs and attributes in the op's calling order, which
is torch's. The others are here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from mcore.platform.dtypes import DType
from mcore.platform.ops import registry
from mcore.torch_backend.detection import nms

Call = Callable[..., Any]

_OWN: dict[str, Call] = {}


def _op(name: str) -> Callable[[Call], Call]:
    def register(call: Call) -> Call:
        _OWN[name] = call
        return call

    return register


def compute(op: registry.Op, inputs: Sequence[Tensor | None], attributes: Mapping[str, Any]) -> tuple[Tensor, ...]:
    """The outputs of ``op`` by torch.

    Of ``inputs`` those that are absent are ``None``, and there may be fewer than the op has; ``attributes`` are those that
    differ from the default, with numbers for sizes.
    """
    values = {
        a.name: _torch(attributes[a.name] if a.name in attributes else a.normalise(a.default)) for a in op.attributes
    }
    own = _OWN.get(op.name)
    if own is not None:
        result = own(*inputs, **values)
    elif op.variadic:
        result = function(op)(list(inputs), **values)
    else:
        given = {name.rstrip("?"): value for name, value in zip(op.inputs, inputs, strict=False) if value is not None}
        first, *rest = op.parameters
        result = function(op)(given[first], **{name: given.get(name, values.get(name)) for name in rest})
    return tuple(result) if isinstance(result, list | tuple) else (result,)


def function(op: registry.Op) -> Call:
    """The function of torch that computes ``op``; raises ``LookupError`` where there is none."""
    if op.name in _OWN:
        return _OWN[op.name]
    for home in (F, torch, Tensor):
        found = getattr(home, op.name, None)
        if found is not None:
            return found
    raise LookupError(f"torch has no function {op.name!r}, and the table of the converter none for it")


def _torch(value: Any) -> Any:
    return getattr(torch, value.value) if isinstance(value, DType) else value


@_op("batch_norm")
def _batch_norm(
    x: Tensor,
    mean: Tensor | None = None,
    variance: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    eps: float,
) -> Tensor:
    return F.batch_norm(x, mean, variance, weight, bias, training=mean is None, eps=eps)


@_op("instance_norm")
def _instance_norm(
    x: Tensor,
    mean: Tensor | None = None,
    variance: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    use_input_stats: bool,
    eps: float,
) -> Tensor:
    return F.instance_norm(x, mean, variance, weight, bias, use_input_stats, eps=eps)


@_op("cast")
def _cast(x: Tensor, *, dtype: torch.dtype) -> Tensor:
    return x.to(dtype)


@_op("rdiv")
def _rdiv(x: Tensor, *, other: Any) -> Tensor:
    return other / x


@_op("rpow")
def _rpow(x: Tensor, *, other: Any) -> Tensor:
    return other**x


@_op("rsub")
def _rsub(x: Tensor, *, other: Any) -> Tensor:
    return other - x


@_op("div")
def _div(x: Tensor, y: Tensor | None = None, *, other: Any, rounding_mode: str | None) -> Tensor:
    return torch.div(x, other if y is None else y, rounding_mode=rounding_mode)


@_op("softmax")
def _softmax(x: Tensor, *, dim: int) -> Tensor:
    return torch.softmax(x, dim)


@_op("log_softmax")
def _log_softmax(x: Tensor, *, dim: int) -> Tensor:
    return torch.log_softmax(x, dim)


def _with_tensor(name: str) -> Call:
    """A function of torch that takes no number for its second operand."""

    def call(x: Tensor, y: Tensor | None = None, *, other: Any) -> Tensor:
        return getattr(torch, name)(x, torch.as_tensor(other, device=x.device) if y is None else y)

    return call


for _name in (
    *("minimum", "maximum", "fmin", "fmax", "logical_and", "logical_or"),
    *("atan2", "hypot", "logaddexp"),
):
    _OWN[_name] = _with_tensor(_name)


def _with_either(name: str) -> Call:
    def call(x: Tensor, y: Tensor | None = None, *, other: Any) -> Tensor:
        return getattr(torch, name)(x, other if y is None else y)

    return call


for _name in (
    *("remainder", "fmod", "copysign", "bitwise_and", "bitwise_or", "bitwise_xor"),
    *("bitwise_left_shift", "bitwise_right_shift"),
):
    _OWN[_name] = _with_either(_name)


@_op("pow")
def _pow(x: Tensor, y: Tensor | None = None, *, other: Any) -> Tensor:
    return torch.pow(x, other if y is None else y)


@_op("amax")
def _amax(x: Tensor, *, dim: Any, keepdim: bool) -> Tensor:
    return torch.amax(x, dim or (), keepdim)


@_op("amin")
def _amin(x: Tensor, *, dim: Any, keepdim: bool) -> Tensor:
    return torch.amin(x, dim or (), keepdim)


@_op("slice")
def _slice(x: Tensor, *, dim: int, start: Any, end: Any, step: int) -> Tensor:
    return x[(slice(None),) * (dim % x.dim()) + (slice(start, end, step),)]


@_op("split")
def _split(x: Tensor, *, split_size_or_sections: tuple[int, ...], dim: int) -> tuple[Tensor, ...]:
    sections = split_size_or_sections
    return torch.split(x, sections[0] if len(sections) == 1 else list(sections), dim)


@_op("index")
def _index(x: Tensor, *indices: Tensor, dims: tuple[int, ...]) -> Tensor:
    return torch.ops.aten.index(x, _at(x, dims, indices))


@_op("index_put")
def _index_put(x: Tensor, values: Tensor, *indices: Tensor, dims: tuple[int, ...], accumulate: bool) -> Tensor:
    return torch.ops.aten.index_put(x, _at(x, dims, indices), values, accumulate)


def _at(x: Tensor, dims: tuple[int, ...], indices: Sequence[Tensor]) -> list[Tensor | None]:
    """An index tensor for each of ``dims``, and ``None`` for the dimensions before and between them."""
    places = dict(zip((d % x.dim() for d in dims), indices, strict=True))
    return [places.get(d) for d in range(max(places) + 1)]


@_op("tensor_unfold")
def _windows(x: Tensor, *, dimension: int, size: int, step: int) -> Tensor:
    return x.unfold(dimension, size, step)


@_op("scatter")
def _scatter(x: Tensor, index: Tensor, y: Tensor | None = None, *, dim: int, src: Any) -> Tensor:
    return torch.scatter(x, dim, index, src if y is None else y)


@_op("scatter_reduce")
def _scatter_reduce(x: Tensor, index: Tensor, src: Tensor, *, dim: int, reduce: str, include_self: bool) -> Tensor:
    return torch.scatter_reduce(x, dim, index, src, reduce, include_self=include_self)


_OWN["nms"] = nms


@_op("nan_to_num")
def _nan_to_num(x: Tensor, *, nan: float | None, posinf: float | None, neginf: float | None) -> Tensor:
    return torch.nan_to_num(x, nan, posinf, neginf)


@_op("prod")
def _prod(x: Tensor, *, dim: int | None, keepdim: bool) -> Tensor:
    return torch.prod(x) if dim is None else torch.prod(x, dim, keepdim)


@_op("any")
def _any(x: Tensor, *, dim: Any, keepdim: bool) -> Tensor:
    return torch.any(x) if dim is None and not keepdim else torch.any(x, _all_dims(x, dim), keepdim)


@_op("all")
def _all(x: Tensor, *, dim: Any, keepdim: bool) -> Tensor:
    return torch.all(x) if dim is None and not keepdim else torch.all(x, _all_dims(x, dim), keepdim)


def _all_dims(x: Tensor, dim: Any) -> Any:
    return dim or tuple(range(x.dim()))


@_op("sort")
def _sort(x: Tensor, *, dim: int, descending: bool) -> Any:
    return torch.sort(x, dim=dim, descending=descending, stable=True)


@_op("argsort")
def _argsort(x: Tensor, *, dim: int, descending: bool) -> Tensor:
    return torch.argsort(x, dim=dim, descending=descending, stable=True)


@_op("squeeze")
def _squeeze(x: Tensor, *, dim: tuple[int, ...] | None) -> Tensor:
    return x.squeeze() if dim is None else x.squeeze(dim)


@_op("repeat")
def _repeat(x: Tensor, *, repeats: tuple[int, ...]) -> Tensor:
    return x.repeat(repeats)


@_op("roll")
def _roll(x: Tensor, *, shifts: Any, dims: tuple[int, ...] | None) -> Tensor:
    return torch.roll(x, shifts, dims or ())


@_op("full")
def _full(*, size: tuple[int, ...], fill_value: Any, dtype: torch.dtype | None) -> Tensor:
    return torch.full(size, fill_value, dtype=dtype)


@_op("arange")
def _arange(*, start: Any, end: Any, step: Any, dtype: torch.dtype | None) -> Tensor:
    return torch.arange(start, end, step, dtype=dtype)


@_op("scaled_dot_product_attention")
def _attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, *, is_causal: bool, scale: float | None
) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, mask, is_causal=is_causal, scale=scale)


@_op("where")
def _where(condition: Tensor, a: Tensor | None = None, b: Tensor | None = None, *, x: Any, other: Any) -> Tensor:
    return torch.where(condition, x if a is None else a, other if b is None else b)
