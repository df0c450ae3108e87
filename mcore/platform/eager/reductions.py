"""Reductions over dimensions, in the forms that torch has them: with a dtype to compute in, or with where the values were."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.eager.base import Tensor, numbers
from mcore.platform.eager.calling import ValuesAndIndices, run
from mcore.platform.errors import BackendError

Dims = int | Sequence[int] | None


def mean(input: Tensor, dim: Dims = None, keepdim: bool = False, dtype: DType | None = None) -> Tensor:
    """Mean over ``dim``, or over all; computed in ``dtype``."""
    return _reduce("mean", input, dtype, {"dim": dim, "keepdim": keepdim})


def sum(input: Tensor, dim: Dims = None, keepdim: bool = False, dtype: DType | None = None) -> Tensor:
    """Sum over ``dim``, or over all; computed in ``dtype``."""
    return _reduce("sum", input, dtype, {"dim": dim, "keepdim": keepdim})


def cumsum(input: Tensor, dim: int, dtype: DType | None = None) -> Tensor:
    """Sums of the first 1, 2, 3, ... elements along ``dim``; computed in ``dtype``."""
    return _reduce("cumsum", input, dtype, {"dim": dim})


def var(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool = True,
    keepdim: bool = False,
    correction: float | None = None,
) -> Tensor:
    """Variance over ``dim``, or over all: the squares summed, over their number less ``correction`` (1 if ``unbiased``)."""
    if isinstance(dim, bool):  # var(x, unbiased)
        unbiased = dim
        dim = None
    less = int(unbiased) if correction is None else correction
    return _reduce("var", input, None, {"dim": dim, "keepdim": keepdim, "correction": less})


def std(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool = True,
    keepdim: bool = False,
    correction: float | None = None,
) -> Tensor:
    """Square root of :func:`var`."""
    return run("sqrt", (var(input, dim, unbiased, keepdim, correction),), {})


def max(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False) -> Any:
    """The largest value; along ``dim``, values and where they are; of two tensors, the larger of each pair."""
    if isinstance(dim, Tensor):
        return run("maximum", (input, dim), {})
    return _extreme("amax", input, dim, keepdim)


def min(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False) -> Any:
    """The smallest value; along ``dim``, values and where they are; of two tensors, the smaller of each pair."""
    if isinstance(dim, Tensor):
        return run("minimum", (input, dim), {})
    return _extreme("amin", input, dim, keepdim)


def cumprod(input: Tensor, dim: int, dtype: DType | None = None) -> Tensor:
    """Products of the first 1, 2, 3, ... elements along ``dim``; computed in ``dtype``."""
    return _reduce("cumprod", input, dtype, {"dim": dim})


def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, dtype: DType | None = None) -> Tensor:
    """Product over ``dim``, or over all; computed in ``dtype``."""
    return _reduce("prod", input, dtype, {"dim": dim, "keepdim": keepdim})


def count_nonzero(input: Tensor, dim: Dims = None) -> Tensor:
    """How many elements over ``dim``, or of all, are other than zero."""
    return _reduce("sum", input, DType.BOOL, {"dim": dim})


def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle value of all, of two the lower one; along ``dim``, values and where one is."""
    if dim is None:
        return run("median", (input.reshape(-1),), {"dim": 0}).values
    return run("median", (input,), {"dim": dim, "keepdim": keepdim})


def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: Dims = None,
    keepdim: bool = False,
    out: None = None,
    dtype: DType | None = None,
) -> Tensor:
    """The ``p``-norm over ``dim``, or over all, as of one vector; computed in ``dtype``."""
    if out is not None or p == "nuc":
        raise BackendError(f"the Platform has no norm with {'out' if out is not None else 'p=nuc'}")
    if not input.is_floating_point():
        raise BackendError(f"norm takes a floating-point tensor, not {input.dtype}")
    kind = dtype or input.dtype
    array = numbers(Tensor(input, kind))
    axes = (
        tuple(range(array.ndim)) if dim is None or not array.ndim else tuple(dim) if isinstance(dim, Sequence) else dim
    )
    order = 2.0 if p in ("fro", None) else float(p)
    found = np.linalg.vector_norm(array.astype(np.float64), axis=axes, ord=order, keepdims=keepdim)
    return Tensor(np.asarray(found), kind)


def _extreme(name: str, input: Tensor, dim: int | None, keepdim: bool) -> Any:
    values = run(name, (input,), {"dim": dim, "keepdim": keepdim})
    if dim is None:
        return values
    if input.dtype is DType.BOOL:
        input = run("cast", (input,), {"dtype": DType.UINT8})
    where = run(name.replace("a", "arg", 1), (input,), {"dim": dim, "keepdim": keepdim})
    return ValuesAndIndices(values, where)


def _reduce(name: str, input: Tensor, dtype: DType | None, attributes: Mapping[str, Any]) -> Tensor:
    if dtype is not None:
        input = run("cast", (input,), {"dtype": dtype})
    return run(name, (input,), attributes)


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    mean,
    sum,
    cumsum,
    cumprod,
    prod,
    count_nonzero,
    median,
    var,
    std,
    max,
    min,
    norm,
)
