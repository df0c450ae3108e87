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

Call = Callable[..., Any]

_OWN: dict[str, Call] = {}


def _op(name: str) -> Callable[[Call], Call]:
    def register(call: Call) -> Call:
        _OWN[name] = call
        return call

    return register


def compute(op: registry.Op, inputs: Sequence[Tensor | None], attributes: Mapping[str, Any]) -> tuple[Tensor, ...]:
    """The outputs of ``op`` by torch.

    Of ``inputs`` those that are absent are ``None``, and there may be fewer than the op has; ``attributes`` are those that differ
    from the default, with numbers for sizes.
    """
    values = {a.name: attributes.get(a.name, a.default) for a in op.attributes}
    values = {name: a.normalise(values[name]) if name not in attributes else values[name] for name, a in _declared(op)}
    values = {name: getattr(torch, v.value) if isinstance(v, DType) else v for name, v in values.items()}
    own = _OWN.get(op.name)
    if own is not None:
        result = own(*inputs, **values)
    elif op.variadic:
        result = function(op)(list(inputs), **values)
    else:
        given = {name.rstrip("?"): value for name, value in zip(op.inputs, inputs, strict=False) if value is not None}
        result = function(op)(*({**values, **given}.get(name) for name in op.parameters))
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


def _declared(op: registry.Op) -> list[tuple[str, registry.Attribute]]:
    return [(a.name, a) for a in op.attributes]


@_op("batch_norm")
def _batch_norm(
    x: Tensor, mean: Tensor, variance: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, *, eps: float
) -> Tensor:
    return F.batch_norm(x, mean, variance, weight, bias, eps=eps)


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


@_op("max_pool2d")
def _max_pool2d(x: Tensor, *, stride: Any, **window: Any) -> Tensor:
    return F.max_pool2d(x, stride=stride, **window)


@_op("interpolate")
def _interpolate(x: Tensor, **attributes: Any) -> Tensor:
    return F.interpolate(x, **attributes)


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


@_op("clamp")
def _clamp(x: Tensor, *, min: Any, max: Any) -> Tensor:
    return torch.clamp(x, min=min, max=max)


@_op("softmax")
def _softmax(x: Tensor, *, dim: int) -> Tensor:
    return torch.softmax(x, dim)


@_op("log_softmax")
def _log_softmax(x: Tensor, *, dim: int) -> Tensor:
    return torch.log_softmax(x, dim)


@_op("scaled_dot_product_attention")
def _attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, *, is_causal: bool, scale: float | None
) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, mask, is_causal=is_causal, scale=scale)


@_op("where")
def _where(condition: Tensor, x: Tensor | None = None, y: Tensor | None = None, **numbers: Any) -> Tensor:
    return torch.where(condition, numbers["x"] if x is None else x, numbers["other"] if y is None else y)
