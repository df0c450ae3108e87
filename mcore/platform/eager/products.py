"""Products of vectors and matrices under torch's names, sums with them, and distances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mcore.platform.eager.base import Tensor, numbers
from mcore.platform.eager.calling import run
from mcore.platform.eager.reductions import norm
from mcore.platform.errors import BackendError, ShapeError


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Product of each matrix of (B, N, M) with its one of (B, M, P)."""
    return _product("bmm", 3, 3, input, mat2)


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Product of matrices (N, M) and (M, P)."""
    return _product("mm", 2, 2, input, mat2)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Product of a matrix (N, M) and a vector (M,)."""
    return _product("mv", 2, 1, input, vec)


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Sum of the products of two vectors."""
    return _product("dot", 1, 1, input, tensor)


def _product(name: str, left: int, right: int, input: Tensor, other: Tensor) -> Tensor:
    if (input.ndim, other.ndim) != (left, right):
        wanted = f"{left} dimensions" if left == right else f"{left} and {right} dimensions"
        raise BackendError(f"{name} takes two tensors of {wanted}, not {input.shape} and {other.shape}")
    return run("matmul", (input, other), {})


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Product of each element of one vector with each of the other."""
    return run("mul", (input.reshape(-1, 1), vec2), {})


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta * input + alpha * mat1 @ mat2``; with ``beta`` zero ``input`` does not count, not even its NaN."""
    if not input.is_floating_point():  # torch drops the fractions of the factors
        beta, alpha = int(beta), int(alpha)
    product = run("mul", (run("matmul", (mat1, mat2), {}),), {"other": alpha})
    return product if beta == 0 else run("add", (run("mul", (input,), {"other": beta}), product), {})


def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """:func:`addmm` for each matrix of a batch."""
    return addmm(input, batch1, batch2, beta=beta, alpha=alpha)


def tensordot(a: Tensor, b: Tensor, dims: int | Sequence[Sequence[int]] = 2, out: None = None) -> Tensor:
    """Sum of products over the last ``dims`` dimensions of ``a`` and the first of ``b``, or over those that are listed."""
    if not isinstance(dims, int):
        left, right = ([d % t.ndim for d in over] for t, over in zip((a, b), dims, strict=True))
    else:
        left, right = [*range(a.ndim - dims, a.ndim)], [*range(dims)]
    for d, e in zip(left, right, strict=True):  # one of size one is broadcast, so the other is summed
        if a.shape[d] == 1 != b.shape[e]:
            b = b.sum(e, keepdim=True)
        elif b.shape[e] == 1 != a.shape[d]:
            a = a.sum(d, keepdim=True)
    own_a, own_b = ([d for d in range(t.ndim) if d not in over] for t, over in ((a, left), (b, right)))
    rows, columns = ([t.shape[d] for d in own] for t, own in ((a, own_a), (b, own_b)))
    shared = int(np.prod([a.shape[d] for d in left], dtype=np.int64))
    one = a.permute([*own_a, *left]).reshape(int(np.prod(rows, dtype=np.int64)), shared)
    other = b.permute([*right, *own_b]).reshape(shared, int(np.prod(columns, dtype=np.int64)))
    result: Tensor = run("matmul", (one, other), {}).reshape(*rows, *columns)
    return result


def einsum(*args: Any) -> Tensor:
    """Sums of products over the named dimensions: ``einsum("nhqd,nhkd->nhqk", q, k)``.

    Raises:
        ShapeError: the operands do not fit the equation.
    """
    equation, *operands = args
    given = operands[0] if len(operands) == 1 and isinstance(operands[0], list | tuple) else operands
    dtypes = {g.dtype for g in given if isinstance(g, Tensor)}
    try:
        result = np.einsum(equation, *map(numbers, given), optimize=True)
    except ValueError as error:
        raise ShapeError(f"einsum {equation!r}: {error}") from None
    return Tensor(np.asarray(result), dtypes.pop() if len(dtypes) == 1 else None)


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The ``p``-norm of the difference of each row of ``x1`` (..., P, M) and each of ``x2`` (..., R, M): (..., P, R)."""
    apart = run("sub", (x1.unsqueeze(-2), x2.unsqueeze(-3)), {})
    return norm(apart, p, -1)


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    bmm,
    mm,
    mv,
    dot,
    outer,
    addmm,
    baddbmm,
    tensordot,
    einsum,
    cdist,
)
