"""Values written to positions of a copy: the reverse of ``gather`` and of slicing.

Where several values meet at one position, ``scatter`` keeps the last one in row-major order; torch leaves open which.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.indexing import check_index, in_range, infer_slice
from mcore.platform.ops.promotion import Scalar, as_arrays, category, either, of_number
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import Size, check_rank, describe, dimension

_DIM = Attribute("dim", "int")
_ORDER = ("x", "dim", "index", "src")


def _check_scatter(x: TensorType, index: TensorType, src: TensorType | None, dim: int) -> None:
    check_index(index)
    check_rank("index", index, len(x.shape))
    axis = dimension(dim, len(x.shape))
    if src is not None:
        check_rank("src", src, len(x.shape))
        if src.dtype is not x.dtype:
            raise ShapeError(f"src must be {x.dtype} as x, it is {src.dtype}")
    for d, size in enumerate(index.shape):
        limits = {"x": x.shape[d]} if d != axis else {}
        limits |= {"src": src.shape[d]} if src is not None else {}
        for name, limit in limits.items():
            if isinstance(size, int) and isinstance(limit, int) and size > limit:
                raise ShapeError(f"dimension {d} of index is {size}, {name} has {limit}")


def _infer_scatter(
    x: TensorType, index: TensorType, y: TensorType | None, *, dim: int, src: Scalar | None
) -> tuple[TensorType, ...]:
    value = either(y, src, "src")
    _check_scatter(x, index, value if isinstance(value, TensorType) else None, dim)
    if not isinstance(value, TensorType) and category(of_number(value)) > category(x.dtype):
        raise ShapeError(f"src {value} does not fit into {x.dtype}")
    return (x,)


def _places(shape: tuple[int, ...], index: np.ndarray, dim: int) -> tuple[np.ndarray, ...]:
    """Where in an array of ``shape`` the elements of ``index`` point to: one array for each dimension."""
    places: list[np.ndarray] = list(np.indices(index.shape, sparse=True))
    places[dim] = in_range(index, shape[dim])
    return tuple(places)


def _scattered(x: np.ndarray, index: np.ndarray, src: np.ndarray, dim: int, write: Callable[..., None]) -> np.ndarray:
    """A copy of ``x`` into which ``write`` puts those elements of ``src`` that ``index`` has places for."""
    result = np.atleast_1d(x).copy()
    index, src = np.atleast_1d(index), np.atleast_1d(src)
    within = tuple(map(builtins.slice, index.shape))
    write(result, _places(result.shape, index, dim), src[within])
    return result.reshape(x.shape)


def _put(target: np.ndarray, places: tuple[np.ndarray, ...], values: np.ndarray) -> None:
    target[places] = values


@op(
    "scatter",
    inputs=("x", "index", "src?"),
    infer=_infer_scatter,
    attributes=(_DIM, Attribute("src", "scalar?", None)),
    order=_ORDER,
)
def scatter(
    x: np.ndarray, index: np.ndarray, y: np.ndarray | None = None, *, dim: int, src: Scalar | None
) -> np.ndarray:
    """``x`` with the elements of ``src`` where ``index`` says, each at its own position but for the coordinate ``dim``."""
    if y is None:
        assert src is not None
        y = np.broadcast_to(as_arrays(src, dtype=DType.of(x))[0], index.shape)
    return _scattered(x, index, y, dim, _put)


def _infer_scatter_add(x: TensorType, index: TensorType, src: TensorType, *, dim: int) -> tuple[TensorType, ...]:
    """The shape and type of ``x``."""
    _check_scatter(x, index, src, dim)
    return (x,)


@op("scatter_add", inputs=("x", "index", "src"), infer=_infer_scatter_add, attributes=(_DIM,), order=_ORDER)
def scatter_add(x: np.ndarray, index: np.ndarray, src: np.ndarray, *, dim: int) -> np.ndarray:
    """``x`` plus the elements of ``src`` where ``index`` says; all that meet at one position are added."""
    return _scattered(x, index, src, dim, np.add.at)


#: By name: how a value joins those that are there, and what is there before the first one, where ``x`` does not count.
_REDUCTIONS: dict[str, tuple[np.ufunc, Callable[[np.dtype], object]]] = {
    "sum": (np.add, lambda dtype: 0),
    "mean": (np.add, lambda dtype: 0),
    "prod": (np.multiply, lambda dtype: 1),
    "amax": (np.maximum, lambda dtype: _limit(dtype, largest=False)),
    "amin": (np.minimum, lambda dtype: _limit(dtype, largest=True)),
}


def _limit(dtype: np.dtype, *, largest: bool) -> object:
    if dtype.kind == "f":
        return np.inf if largest else -np.inf
    if dtype.kind == "b":
        return largest
    return np.iinfo(dtype).max if largest else np.iinfo(dtype).min


def _infer_scatter_reduce(
    x: TensorType, index: TensorType, src: TensorType, *, dim: int, reduce: str, include_self: bool
) -> tuple[TensorType, ...]:
    """The shape and type of ``x``."""
    if reduce not in _REDUCTIONS:
        raise ShapeError(f"reduce must be one of {', '.join(_REDUCTIONS)}; it is {reduce!r}")
    return _infer_scatter_add(x, index, src, dim=dim)


@op(
    "scatter_reduce",
    inputs=("x", "index", "src"),
    infer=_infer_scatter_reduce,
    attributes=(_DIM, Attribute("reduce", "str"), Attribute("include_self", "bool", True)),
    order=(*_ORDER, "reduce", "include_self"),
)
def scatter_reduce(
    x: np.ndarray, index: np.ndarray, src: np.ndarray, *, dim: int, reduce: str, include_self: bool
) -> np.ndarray:
    """``x`` reduced with the elements of ``src`` where ``index`` says: by ``sum``, ``prod``, ``mean``, ``amax`` or ``amin``.

    Without ``include_self`` the elements of ``x`` that others meet do not count. A mean of integers is rounded down.
    """
    join, start = _REDUCTIONS[reduce]

    def write(target: np.ndarray, places: tuple[np.ndarray, ...], values: np.ndarray) -> None:
        if not include_self:
            target[places] = start(target.dtype)
        join.at(target, places, values)
        if reduce == "mean":
            count = np.full(target.shape, int(include_self))
            np.add.at(count, places, 1)
            count = np.maximum(count, 1).astype(target.dtype)
            target[...] = target / count if target.dtype.kind == "f" else target // count

    return _scattered(x, index, src, dim, write)


def _infer_slice_scatter(
    x: TensorType, src: TensorType, *, dim: int, start: Size | None, end: Size | None, step: int
) -> tuple[TensorType, ...]:
    (place,) = infer_slice(x, dim=dim, start=start, end=end, step=step)
    check_rank("src", src, len(x.shape))
    if any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(src.shape, place.shape, strict=True)):
        raise ShapeError(f"src is {describe(src.shape)}, the place for it {describe(place.shape)}")
    return (x,)


@op(
    "slice_scatter",
    inputs=("x", "src"),
    infer=_infer_slice_scatter,
    attributes=(
        Attribute("dim", "int", 0),
        Attribute("start", "size?", None),
        Attribute("end", "size?", None),
        Attribute("step", "int", 1),
    ),
)
def slice_scatter(
    x: np.ndarray, src: np.ndarray, *, dim: int, start: int | None, end: int | None, step: int
) -> np.ndarray:
    """``x`` with ``src``, in the type of ``x``, in the place of ``slice(x, dim, start, end, step)``."""
    result = x.copy()
    result[(builtins.slice(None),) * (dim % x.ndim) + (builtins.slice(start, end, step),)] = src
    return result
