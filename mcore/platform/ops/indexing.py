"""Elements picked by position: slices, integer indices, rolls, flips and repeats."""

from __future__ import annotations

import builtins

import numpy as np

from mcore.platform.dims import MAX_VALUE, ceildiv, maximum, minimum, never_negative
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import (
    Shape,
    Size,
    check_not_negative,
    check_positive,
    check_rank,
    dimension,
    dimensions,
    product,
)

_DIM = Attribute("dim", "int")


def _axis(x: TensorType, dim: int) -> int:
    if not x.shape:
        raise ShapeError("x must have a dimension")
    return dimension(dim, len(x.shape))


def _replaced(x: TensorType, axis: int, *sizes: Size) -> tuple[TensorType, ...]:
    """The type of ``x`` with ``sizes`` for the size of ``axis``."""
    return (TensorType(x.dtype, (*x.shape[:axis], *sizes, *x.shape[axis + 1 :])),)


def _limited(position: Size, size: Size) -> Size:
    """A position of a slice within ``0..size``; a negative one counts from the end."""
    if never_negative(-1 - position):
        position = maximum(position + size, 0)
    return minimum(position, size)


def infer_slice(x: TensorType, *, dim: int, start: Size | None, end: Size | None, step: int) -> tuple[TensorType, ...]:
    """The type of ``x[start:end:step]`` along ``dim``."""
    axis = _axis(x, dim)
    check_positive(step=[step])
    size = x.shape[axis]
    unlimited = end is None or (isinstance(end, int) and end >= MAX_VALUE)
    first = _limited(0 if start is None else start, size)
    last = size if end is None or unlimited else _limited(end, size)
    return _replaced(x, axis, ceildiv(maximum(last - first, 0), step))


@op(
    "slice",
    inputs=("x",),
    infer=infer_slice,
    attributes=(
        Attribute("dim", "int", 0),
        Attribute("start", "size?", None),
        Attribute("end", "size?", None),
        Attribute("step", "int", 1),
    ),
)
def slice(x: np.ndarray, *, dim: int, start: int | None, end: int | None, step: int) -> np.ndarray:
    """``x[start:end:step]`` along ``dim``, as Python has it; a negative position counts from the end.

    In the shape rule a symbolic position counts from the end only where it is negative for all sizes.
    """
    return x[(builtins.slice(None),) * (dim % x.ndim) + (builtins.slice(start, end, step),)]


def _infer_select(x: TensorType, *, dim: int, index: Size) -> tuple[TensorType, ...]:
    axis = _axis(x, dim)
    size = x.shape[axis]
    if isinstance(index, int) and isinstance(size, int) and not -size <= index < size:
        raise ShapeError(f"index {index} is out of range for size {size}")
    return _replaced(x, axis)


@op("select", inputs=("x",), infer=_infer_select, attributes=(_DIM, Attribute("index", "size")))
def select(x: np.ndarray, *, dim: int, index: int) -> np.ndarray:
    """The slice at ``index`` along ``dim``, without that dimension; a negative index counts from the end."""
    return x[(*(builtins.slice(None),) * (dim % x.ndim), index, ...)]


def check_index(index: TensorType) -> None:
    """Raise unless ``index`` has a type that indices may have."""
    if index.dtype not in (DType.INT64, DType.INT32):
        raise ShapeError(f"the index must be int64 or int32, it is {index.dtype}")


def in_range(index: np.ndarray, size: int) -> np.ndarray:
    """``index``; raises :class:`GraphError` for one that is not within ``size`` or counts from the end."""
    if index.size and (index.min() < 0 or index.max() >= size):
        raise GraphError(f"an index is outside 0..{size - 1}")
    return index


def _infer_index_select(x: TensorType, index: TensorType, *, dim: int) -> tuple[TensorType, ...]:
    check_rank("index", index, 0, 1)
    check_index(index)
    if not x.shape:
        dimension(dim, 0)
        return (x,)
    return _replaced(x, _axis(x, dim), *(index.shape or (1,)))


@op(
    "index_select",
    inputs=("x", "index"),
    infer=_infer_index_select,
    attributes=(_DIM,),
    order=("x", "dim", "index"),
)
def index_select(x: np.ndarray, index: np.ndarray, *, dim: int) -> np.ndarray:
    """The slices of ``x`` along ``dim`` at the positions ``index``, a vector."""
    if not x.ndim:
        return x
    return np.take(x, in_range(index.reshape(-1), x.shape[dim]), dim)


def _infer_gather(x: TensorType, index: TensorType, *, dim: int) -> tuple[TensorType, ...]:
    check_index(index)
    rank = len(x.shape)
    # As in torch, a tensor of rank 0 is as good as a vector of one element.
    check_rank("index", index, *((rank,) if rank > 1 else (0, 1)))
    axis = dimension(dim, rank)
    for d, (size, limit) in enumerate(zip(index.shape, x.shape, strict=False)):
        if d != axis and isinstance(size, int) and isinstance(limit, int) and size > limit:
            raise ShapeError(f"dimension {d} of index is {size}, x has {limit}")
    return (TensorType(x.dtype, index.shape),)


@op("gather", inputs=("x", "index"), infer=_infer_gather, attributes=(_DIM,), order=("x", "dim", "index"))
def gather(x: np.ndarray, index: np.ndarray, *, dim: int) -> np.ndarray:
    """At each position of ``index``, the element of ``x`` there, but with the index's value for the coordinate ``dim``."""
    shape, x, index = index.shape, np.atleast_1d(x), np.atleast_1d(index)
    within = tuple(builtins.slice(None if d == dim % x.ndim else n) for d, n in enumerate(index.shape))
    return np.take_along_axis(x[within], in_range(index, x.shape[dim]), dim).reshape(shape)


def _infer_embedding(x: TensorType, weight: TensorType) -> tuple[TensorType, ...]:
    check_rank("weight", weight, 2)
    check_index(x)
    return (TensorType(weight.dtype, (*x.shape, weight.shape[1])),)


@op("embedding", inputs=("x", "weight"), infer=_infer_embedding)
def embedding(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The rows of ``weight`` (V, E) at the indices ``x`` (...): (..., E)."""
    return weight[in_range(x, weight.shape[0])]


def _infer_roll(x: TensorType, *, shifts: Shape, dims: tuple[int, ...] | None) -> tuple[TensorType, ...]:
    count = len(dims) if dims else 1
    if len(shifts) != count:
        raise ShapeError(f"{len(shifts)} shifts for {count} dimensions")
    for dim in dims or ():
        dimension(dim, len(x.shape))
    return (x,)


@op(
    "roll",
    inputs=("x",),
    infer=_infer_roll,
    attributes=(Attribute("shifts", "sizes"), Attribute("dims", "ints?", None)),
)
def roll(x: np.ndarray, *, shifts: tuple[int, ...], dims: tuple[int, ...] | None) -> np.ndarray:
    """``x`` moved by ``shifts`` along ``dims``, or in row-major order; what leaves at one end comes in at the other."""
    return np.roll(x, shifts, dims) if dims else np.roll(x, shifts[0])


def _infer_flip(x: TensorType, *, dims: tuple[int, ...]) -> tuple[TensorType, ...]:
    if dims:
        dimensions(dims, len(x.shape))
    return (x,)


@op("flip", inputs=("x",), infer=_infer_flip, attributes=(Attribute("dims", "ints"),))
def flip(x: np.ndarray, *, dims: tuple[int, ...]) -> np.ndarray:
    """``x`` with the order along ``dims`` reversed."""
    return np.flip(x, dims) if x.ndim else x


def _infer_repeat(x: TensorType, *, repeats: Shape) -> tuple[TensorType, ...]:
    new = len(repeats) - len(x.shape)
    if new < 0:
        raise ShapeError(f"{len(repeats)} repeats for {len(x.shape)} dimensions")
    check_not_negative(repeats=repeats)
    return (TensorType(x.dtype, tuple(n * r for n, r in zip((*[1] * new, *x.shape), repeats, strict=True))),)


@op("repeat", inputs=("x",), infer=_infer_repeat, attributes=(Attribute("repeats", "sizes"),))
def repeat(x: np.ndarray, *, repeats: tuple[int, ...]) -> np.ndarray:
    """``x`` put side by side ``repeats`` times along each dimension; new ones come in front."""
    return np.tile(x, repeats)


def _infer_repeat_interleave(x: TensorType, *, repeats: Size, dim: int | None) -> tuple[TensorType, ...]:
    check_not_negative(repeats=[repeats])
    if dim is None:
        return (TensorType(x.dtype, (product(x.shape) * repeats,)),)
    axis = _axis(x, dim)
    return _replaced(x, axis, x.shape[axis] * repeats)


@op(
    "repeat_interleave",
    inputs=("x",),
    infer=_infer_repeat_interleave,
    attributes=(Attribute("repeats", "size"), Attribute("dim", "int?", None)),
)
def repeat_interleave(x: np.ndarray, *, repeats: int, dim: int | None) -> np.ndarray:
    """Each slice of ``x`` along ``dim`` (each element, flattened, by default) ``repeats`` times in a row."""
    return np.repeat(x, repeats, dim)
