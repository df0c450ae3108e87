"""Tensors joined along a dimension, and taken apart again."""

from __future__ import annotations

from functools import reduce
from itertools import accumulate

import numpy as np

from mcore.platform.dims import ceildiv
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.promotion import as_arrays, promote, type_of
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import (
    MAX_OUTPUTS,
    Shape,
    Size,
    check_equal,
    check_not_negative,
    check_positive,
    describe,
    dimension,
)

_DIM = Attribute("dim", "int", 0)


def _infer_cat(*tensors: TensorType, dim: int) -> tuple[TensorType, ...]:
    dtype = reduce(promote, (t.dtype for t in tensors))
    first, *others = [t for t in tensors if not _is_nothing(t.shape)] or tensors[:1]
    if not first.shape:
        raise ShapeError("tensors without dimensions cannot be joined")
    axis = dimension(dim, len(first.shape))
    total = first.shape[axis]
    for other in others:
        if len(other.shape) != len(first.shape):
            raise ShapeError(f"{describe(other.shape)} and {describe(first.shape)} differ in rank")
        for d, (size, wanted) in enumerate(zip(other.shape, first.shape, strict=True)):
            if d != axis:
                check_equal(f"dimension {d}", size, wanted)
        total = total + other.shape[axis]
    return (TensorType(dtype, (*first.shape[:axis], total, *first.shape[axis + 1 :])),)


def _is_nothing(shape: Shape) -> bool:
    """Whether it is the shape of the empty vector, which torch joins to tensors of any rank."""
    return shape == (0,)


@op("cat", inputs=("*tensors",), infer=_infer_cat, attributes=(_DIM,))
def cat(*tensors: np.ndarray, dim: int) -> np.ndarray:
    """The tensors one after the other along ``dim``; an empty vector joins tensors of any rank, and adds nothing."""
    arrays = as_arrays(*tensors)
    return np.concatenate([a for a in arrays if not _is_nothing(a.shape)] or arrays[:1], dim)


def _infer_stack(*tensors: TensorType, dim: int) -> tuple[TensorType, ...]:
    first = tensors[0]
    axis = dimension(dim, len(first.shape) + 1)
    rows = [TensorType(t.dtype, (*t.shape[:axis], 1, *t.shape[axis:])) for t in tensors]
    for row in rows[1:]:
        if len(row.shape) == len(rows[0].shape):
            check_equal("a dimension to stack on", row.shape[axis], 1)
    return _infer_cat(*rows, dim=axis)


@op("stack", inputs=("*tensors",), infer=_infer_stack, attributes=(_DIM,))
def stack(*tensors: np.ndarray, dim: int) -> np.ndarray:
    """Tensors of one shape side by side along a new dimension ``dim``."""
    return np.stack(as_arrays(*tensors), dim)


def _axis(x: TensorType, dim: int) -> int:
    if not x.shape:
        raise ShapeError("x must have a dimension")
    return dimension(dim, len(x.shape))


def _parts(x: TensorType, axis: int, sizes: Shape) -> tuple[TensorType, ...]:
    return tuple(TensorType(x.dtype, (*x.shape[:axis], size, *x.shape[axis + 1 :])) for size in sizes)


def _cut(x: np.ndarray, axis: int, parts: tuple[TensorType, ...]) -> tuple[np.ndarray, ...]:
    ends = accumulate(part.concrete({})[axis] for part in parts[:-1])
    return tuple(np.split(x, list(ends), axis))


def _infer_split(x: TensorType, *, split_size_or_sections: Shape, dim: int) -> tuple[TensorType, ...]:
    axis, sections = _axis(x, dim), split_size_or_sections
    total = x.shape[axis]
    check_not_negative(sections=sections)
    if len(sections) == 1 and sections[0] != total:
        return _parts(x, axis, _equal_parts(total, sections[0]))
    added: Size = 0
    for size in sections:
        added = added + size
    if not isinstance(added - total, int) or added == total:
        return _parts(x, axis, sections)
    raise ShapeError(f"the parts add up to {added}, the dimension is {total}")


def _equal_parts(total: Size, size: Size) -> Shape:
    """Parts of ``size``, the last one with what remains."""
    if not isinstance(total, int) or not isinstance(size, int):
        raise ShapeError(f"how many parts of {size} there are in {total} is not known; give their sizes")
    check_positive(size=[size])
    if total > size * MAX_OUTPUTS:
        raise ShapeError(f"more than {MAX_OUTPUTS} parts")
    return tuple(min(size, total - start) for start in range(0, total, size)) or (0,)


@op(
    "split",
    inputs=("x",),
    infer=_infer_split,
    attributes=(Attribute("split_size_or_sections", "sizes"), _DIM),
)
def split(x: np.ndarray, *, split_size_or_sections: tuple[int, ...], dim: int) -> tuple[np.ndarray, ...]:
    """Parts of the given sizes along ``dim``; one size stands for as many equal parts as fit, and what remains."""
    kind = type_of(x)
    return _cut(x, _axis(kind, dim), _infer_split(kind, split_size_or_sections=split_size_or_sections, dim=dim))


def _infer_chunk(x: TensorType, *, chunks: int, dim: int) -> tuple[TensorType, ...]:
    axis = _axis(x, dim)
    check_positive(chunks=[chunks])
    if chunks > MAX_OUTPUTS:
        raise ShapeError(f"more than {MAX_OUTPUTS} parts")
    total = x.shape[axis]
    size = ceildiv(total, chunks)
    if total == 0:
        return _parts(x, axis, (0,) * chunks)
    if isinstance(total, int):
        return _parts(x, axis, _equal_parts(total, size))
    return _parts(x, axis, (*[size] * (chunks - 1), total - size * (chunks - 1)))


@op("chunk", inputs=("x",), infer=_infer_chunk, attributes=(Attribute("chunks", "int"), _DIM))
def chunk(x: np.ndarray, *, chunks: int, dim: int) -> tuple[np.ndarray, ...]:
    """``chunks`` parts of the same size along ``dim``, the last with what remains; fewer where that fills the dimension."""
    kind = type_of(x)
    return _cut(x, _axis(kind, dim), _infer_chunk(kind, chunks=chunks, dim=dim))


def _infer_unbind(x: TensorType, *, dim: int) -> tuple[TensorType, ...]:
    axis = _axis(x, dim)
    count = x.shape[axis]
    if not isinstance(count, int):
        raise ShapeError(f"the dimension to unbind must have a known size, it is {count}")
    if not 0 < count <= MAX_OUTPUTS:
        raise ShapeError(f"the dimension to unbind must have 1 to {MAX_OUTPUTS} elements, it has {count}")
    return (TensorType(x.dtype, (*x.shape[:axis], *x.shape[axis + 1 :])),) * count


@op("unbind", inputs=("x",), infer=_infer_unbind, attributes=(_DIM,))
def unbind(x: np.ndarray, *, dim: int) -> tuple[np.ndarray, ...]:
    """The slices of ``x`` along ``dim``, without that dimension."""
    return tuple(np.moveaxis(x, dim, 0)[i, ...] for i in range(x.shape[dim]))
