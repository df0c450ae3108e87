"""Functions that make tensors of numbers. ``device`` and ``requires_grad`` are taken for torch's sake and say nothing here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.eager.base import Tensor
from mcore.platform.eager.calling import plain, run
from mcore.platform.eager.skeleton import in_skeleton


def arange(
    start: float,
    end: float | None = None,
    step: float = 1,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Numbers from ``start`` to below ``end``; from 0 to below ``start`` if it is alone."""
    first, last = (0, start) if end is None else (start, end)
    return run("arange", (), {"start": first, "end": last, "step": step, "dtype": dtype})


def full(
    size: Any, fill_value: float, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """``fill_value`` everywhere; bool, int64 or float32 by its kind."""
    if in_skeleton():
        element = run("full", (), {"size": (), "fill_value": fill_value, "dtype": dtype})
        return Tensor(np.broadcast_to(element.numpy(), size))
    return run("full", (), {"size": size, "fill_value": fill_value, "dtype": dtype})


def zeros(*size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros, float32 by default; ``zeros(2, 3)`` or ``zeros((2, 3))``."""
    return full(_one(size), 0.0, dtype=dtype or DType.FLOAT32)


def ones(*size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones, float32 by default; ``ones(2, 3)`` or ``ones((2, 3))``."""
    return full(_one(size), 1.0, dtype=dtype or DType.FLOAT32)


def empty(*size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor to be filled, float32 by default: zeros here, where torch has anything."""
    return zeros(*size, dtype=dtype)


def empty_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor to be filled, in the shape, and by default the dtype, of ``input``: zeros here."""
    return zeros_like(input, dtype=dtype)


def eye(
    n: int, m: int | None = None, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The identity matrix with ``n`` rows, and as many columns or ``m``; float32 by default."""
    return Tensor(np.eye(n, m), dtype or DType.FLOAT32)


def zeros_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape, and by default the dtype, of ``input``."""
    return full(input.shape, 0, dtype=dtype or input.dtype)


def ones_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape, and by default the dtype, of ``input``."""
    return full(input.shape, 1, dtype=dtype or input.dtype)


def full_like(
    input: Tensor, fill_value: float, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """``fill_value`` in the shape, and by default the dtype, of ``input``."""
    return full(input.shape, fill_value, dtype=dtype or input.dtype)


def linspace(
    start: float,
    end: float,
    steps: int,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``steps`` numbers at equal distances, the first and last of which are ``start`` and ``end``."""
    first, last, dtype = plain(start), plain(end), dtype or DType.FLOAT32
    if dtype.is_floating:
        return Tensor(np.linspace(first, last, steps, dtype=np.float64), dtype)
    # As torch does: from the nearer end, and without fractions from the beginning.
    first, last, count = int(first), int(last), np.arange(steps)
    step = (last - first) / max(steps - 1, 1)
    return Tensor(np.where(count < max(steps // 2, 1), first + step * count, last - step * (steps - 1 - count)), dtype)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Each vector spread over a grid of all of them; ``xy`` swaps the first two dimensions of the grid."""
    if indexing not in ("ij", "xy"):
        raise ValueError(f"indexing must be 'ij' or 'xy', not {indexing!r}")
    vectors = _one(tensors)
    sizes = tuple(v.numel() for v in vectors)
    grids = []
    for position, vector in enumerate(vectors):
        alone = [-1 if p == position else 1 for p in range(len(sizes))]
        grid = run("expand", (run("reshape", (vector,), {"shape": alone}),), {"size": sizes})
        swap = indexing == "xy" and len(sizes) > 1
        grids.append(run("transpose", (grid,), {"dim0": 0, "dim1": 1}) if swap else grid)
    return tuple(grids)


def _one(arguments: tuple[Any, ...]) -> Any:
    """The arguments, or the one sequence that was given for them."""
    alone = len(arguments) == 1 and isinstance(arguments[0], list | tuple)
    return arguments[0] if alone else arguments


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    empty,
    empty_like,
    eye,
    arange,
    full,
    zeros,
    ones,
    zeros_like,
    ones_like,
    full_like,
    linspace,
    meshgrid,
)
