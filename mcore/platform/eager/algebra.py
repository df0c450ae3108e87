"""Arithmetic that torch names and the Platform has no op of its own for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.eager.base import Tensor
from mcore.platform.eager.calling import run


def add(input: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """``x + alpha * other``."""
    return _binary("add", input, _times(other, alpha))


def sub(input: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """``x - alpha * other``."""
    return _binary("sub", input, _times(other, alpha))


def rsub(input: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """``other - alpha * x``."""
    scaled = _times(input, alpha)
    return _binary("sub", other, scaled) if isinstance(other, Tensor) else run("rsub", (scaled,), {"other": other})


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """``x`` limited to ``min``..``max``, numbers or tensors, of which one may be absent; ``max`` counts where they cross."""
    if not isinstance(min, Tensor) and not isinstance(max, Tensor):
        return run("clamp", (input,), {"min": min, "max": max})
    if min is not None:
        input = _binary("maximum", input, min)
    return input if max is None else _binary("minimum", input, max)


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Nearest number with so many ``decimals`` (tens, hundreds ... for negative ones); halves go to the even one."""
    if not decimals:
        return run("round", (input,), {})
    factor = 10 ** abs(decimals)
    there, back = ("mul", "div") if decimals > 0 else ("div", "mul")
    return _binary(back, run("round", (_binary(there, input, factor),), {}), factor)


def square(input: Tensor) -> Tensor:
    """``x`` to the power of two, of bools in int64."""
    return run("pow", (input,), {"other": 2})


def reciprocal(input: Tensor) -> Tensor:
    """``1 / x``."""
    return run("rdiv", (input,), {"other": 1})


def floor_divide(input: Any, other: Any) -> Tensor:
    """``x // other``: the quotient rounded down."""
    return _binary("div", input, other, rounding_mode="floor")


def frac(input: Tensor) -> Tensor:
    """What ``x`` has beside its whole part, with its sign."""
    return run("sub", (input, run("trunc", (input,), {})), {})


def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """Whether just one of both is other than zero."""
    sides = [run("cast", (value,), {"dtype": DType.BOOL}) for value in (input, other)]
    return run("ne", sides, {})


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """``input + value * tensor1 * tensor2``."""
    return run("add", (input, _times(run("mul", (tensor1, tensor2), {}), value)), {})


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """``input + value * tensor1 / tensor2``."""
    return run("add", (input, _times(run("div", (tensor1, tensor2), {}), value)), {})


def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """``input + weight * (end - input)``."""
    return run("add", (input, _binary("mul", run("sub", (end, input), {}), weight)), {})


def _binary(op: str, input: Tensor, other: Any, **attributes: Any) -> Tensor:
    if isinstance(other, Tensor | np.ndarray):
        return run(op, (input, other), attributes)
    return run(op, (input,), {"other": other, **attributes})


def _times(value: Any, factor: float) -> Any:
    if factor == 1:
        return value
    return _binary("mul", value, factor) if isinstance(value, Tensor) else value * factor


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    add,
    sub,
    rsub,
    clamp,
    round,
    square,
    reciprocal,
    floor_divide,
    frac,
    logical_xor,
    addcmul,
    addcdiv,
    lerp,
)
