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


def square(input: Tensor) -> Tensor:
    """``x * x``."""
    return run("mul", (input, input), {})


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


FUNCTIONS: tuple[Callable[..., Any], ...] = (bmm, square, reciprocal, remainder, einsum)
