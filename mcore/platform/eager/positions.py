"""Writing to positions of a copy, in the forms that torch has besides the ops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mcore.platform.eager.base import Tensor, numbers, to_array
from mcore.platform.eager.calling import run
from mcore.platform.errors import BackendError

#: The old names of reductions.
_OLD_REDUCTIONS = {"add": "sum", "multiply": "prod"}


def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    """``x`` with the elements of ``src``, or one number, where ``index`` says; with ``reduce``, added or multiplied."""
    given = src if value is None else value
    if reduce is not None:
        spread = np.broadcast_to(input.dtype.cast(to_array(given)), index.shape)
        return run(
            "scatter_reduce", (input, index, spread), {"dim": dim, "reduce": _OLD_REDUCTIONS.get(reduce, reduce)}
        )
    if isinstance(given, Tensor):
        return run("scatter", (input, index, given), {"dim": dim})
    return run("scatter", (input, index), {"dim": dim, "src": given})


def index_put(input: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False) -> Tensor:
    """``x[indices] = values`` of a copy, for integer tensors and masks; added to what is there if ``accumulate``."""
    places: list[Any] = []
    for index in indices:
        array = to_array(index)
        places += np.nonzero(array) if array.dtype == bool else [array]
    return _put(input, tuple(range(len(places))), values, places, accumulate)


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """``x`` plus ``alpha`` times the slices of ``source`` at the positions ``index`` along ``dim``."""
    scaled = source if alpha == 1 else run("mul", (source,), {"other": alpha})
    return _put(input, (dim,), scaled, [np.atleast_1d(to_array(index))], True)


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """``x`` with the slices of ``source`` at the positions ``index`` along ``dim``."""
    return _put(input, (dim,), source, [np.atleast_1d(to_array(index))], False)


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """``x`` with one number at the positions ``index`` along ``dim``."""
    return _put(input, (dim,), Tensor(value), [np.atleast_1d(to_array(index))], False)


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """``x`` with ``src`` in the place of the slice at ``index`` along ``dim``."""
    row = run("unsqueeze", (src,), {"dim": dim if dim >= 0 else dim + input.ndim})
    end = None if index == -1 else index + 1
    return run("slice_scatter", (input, row), {"dim": dim, "start": index, "end": end})


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """At each position of ``indices``, the element of ``x`` there, but at the index's value along ``dim``; they broadcast."""
    if dim is None:
        return take_along_dim(input.reshape(-1), indices.reshape(-1), 0)
    indices = Tensor(np.where(indices.numpy() < 0, indices.numpy() + input.shape[dim], indices.numpy()))
    ones = [[*t.shape[: dim % t.ndim], 1, *t.shape[dim % t.ndim + 1 :]] for t in (input, indices)]
    rest = list(np.broadcast_shapes(*map(tuple, ones)))
    spread = []
    for tensor in (input, indices):
        rest[dim] = tensor.shape[dim]
        spread.append(tensor.expand(tuple(rest)))
    return run("gather", spread, {"dim": dim})


def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements of ``x`` as one row at ``index``."""
    return run("index", (input.reshape(-1), index), {"dims": (0,)})


def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """``length`` slices along ``dim`` from ``start`` on, which may count from the end."""
    first = int(start) if start >= 0 else int(start) + input.shape[dim]
    if not 0 <= first <= first + length <= input.shape[dim]:
        raise BackendError(f"narrow to {length} from {start} on of a dimension of {input.shape[dim]}")
    return run("slice", (input,), {"dim": dim, "start": first, "end": first + length})


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Rows of zeros with a one in the place of each class number; as many as the largest needs, if not told."""
    if num_classes == -1:
        num_classes = int(numbers(input).max()) + 1 if input.numel() else 1
    return run("one_hot", (input,), {"num_classes": num_classes})


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The given diagonal of a matrix, or a matrix with a vector on that diagonal and zeros around it."""
    if input.ndim == 1:
        return Tensor(np.diag(numbers(input), diagonal), input.dtype)
    return run("diagonal", (input,), {"offset": diagonal})


def _put(input: Tensor, dims: tuple[int, ...], values: Any, places: list[Any], accumulate: bool) -> Tensor:
    values = input.dtype.cast(to_array(values))
    return run("index_put", (input, values, *places), {"dims": dims, "accumulate": accumulate})


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    scatter,
    index_put,
    index_add,
    index_copy,
    index_fill,
    select_scatter,
    take_along_dim,
    take,
    narrow,
    one_hot,
    diag,
)
