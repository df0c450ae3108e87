"""Products and arithmetic that torch names and the Platform has no op of their own for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mcore.platform.eager.base import Tensor, to_array
from mcore.platform.eager.calling import run
from mcore.platform.errors import BackendError, ShapeError


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Product of each matrix of (B, N, M) with its one of (B, M, P)."""
    if input.ndim != 3 or mat2.ndim != 3:
        raise BackendError(f"bmm takes two tensors of 3 dimensions, not {input.shape} and {mat2.shape}")
    return run("matmul", (input, mat2), {})


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


def remainder(input: Tensor, other: Any) -> Tensor:
    """What ``x`` is above a multiple of ``other``, with the sign of ``other``; that is ``x % other``."""
    number = {} if isinstance(other, Tensor | np.ndarray) else {"other": other}
    inputs = (input,) if number else (input, other)
    multiples = run("mul", (run("div", inputs, {**number, "rounding_mode": "floor"}), *inputs[1:]), number)
    return run("sub", (input, multiples), {})


def einsum(equation: str, *operands: Any) -> Tensor:
    """Sums of products over the named dimensions: ``einsum("nhqd,nhkd->nhqk", q, k)``.

    Raises:
        ShapeError: the operands do not fit the equation.
    """
    given = operands[0] if len(operands) == 1 and isinstance(operands[0], list | tuple) else operands
    try:
        return Tensor(np.asarray(np.einsum(equation, *map(to_array, given), optimize=True)))
    except ValueError as error:
        raise ShapeError(f"einsum {equation!r}: {error}") from None


def _binary(op: str, input: Tensor, other: Any) -> Tensor:
    if isinstance(other, Tensor | np.ndarray):
        return run(op, (input, other), {})
    return run(op, (input,), {"other": other})


def _times(value: Any, factor: float) -> Any:
    if factor == 1:
        return value
    return _binary("mul", value, factor) if isinstance(value, Tensor) else value * factor


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    bmm,
    add,
    sub,
    rsub,
    clamp,
    round,
    square,
    reciprocal,
    remainder,
    einsum,
)
