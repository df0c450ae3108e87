"""Diagonals and triangles of matrices, and rows of an identity matrix."""

from __future__ import annotations

import numpy as np

from mcore.platform.dims import maximum, minimum
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.indexing import check_index
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import Size, check_positive, dimension

_DIAGONAL = Attribute("diagonal", "size", 0)


def _infer_diagonal(x: TensorType, *, offset: int, dim1: int, dim2: int) -> tuple[TensorType, ...]:
    first, second = dimension(dim1, len(x.shape)), dimension(dim2, len(x.shape))
    if first == second:
        raise ShapeError("dim1 and dim2 are the same dimension")
    length = minimum(x.shape[first] + min(offset, 0), x.shape[second] - max(offset, 0))
    rest = tuple(s for d, s in enumerate(x.shape) if d not in (first, second))
    return (TensorType(x.dtype, (*rest, maximum(length, 0))),)


@op(
    "diagonal",
    inputs=("x",),
    infer=_infer_diagonal,
    attributes=(Attribute("offset", "int", 0), Attribute("dim1", "int", 0), Attribute("dim2", "int", 1)),
)
def diagonal(x: np.ndarray, *, offset: int, dim1: int, dim2: int) -> np.ndarray:
    """The elements ``x[i, i + offset]`` over two dimensions, as a last dimension in their place. A read-only view."""
    height, width = x.shape[dim1], x.shape[dim2]
    if not -height <= offset <= width:  # beyond the corners NumPy's and torch's are empty alike
        offset = width
    return np.diagonal(x, offset, dim1, dim2)


def _infer_triangle(x: TensorType, *, diagonal: Size) -> tuple[TensorType, ...]:
    """The shape and type of ``x``."""
    if len(x.shape) < 2:
        raise ShapeError("x must have two dimensions or more")
    return (x,)


def _columns_minus_rows(x: np.ndarray) -> np.ndarray:
    return np.arange(x.shape[-1]) - np.arange(x.shape[-2])[:, None]


@op("tril", inputs=("x",), infer=_infer_triangle, attributes=(_DIAGONAL,))
def tril(x: np.ndarray, *, diagonal: int) -> np.ndarray:
    """``x`` with zeros above the given diagonal of its last two dimensions; 0 is the main one, 1 the one above it."""
    return np.where(_columns_minus_rows(x) <= diagonal, x, np.zeros((), x.dtype))


@op("triu", inputs=("x",), infer=_infer_triangle, attributes=(_DIAGONAL,))
def triu(x: np.ndarray, *, diagonal: int) -> np.ndarray:
    """``x`` with zeros below the given diagonal of its last two dimensions; 0 is the main one, 1 the one above it."""
    return np.where(_columns_minus_rows(x) >= diagonal, x, np.zeros((), x.dtype))


def _infer_one_hot(x: TensorType, *, num_classes: Size) -> tuple[TensorType, ...]:
    check_index(x)
    check_positive(num_classes=[num_classes])
    return (TensorType(DType.INT64, (*x.shape, num_classes)),)


@op("one_hot", inputs=("x",), infer=_infer_one_hot, attributes=(Attribute("num_classes", "size"),))
def one_hot(x: np.ndarray, *, num_classes: int) -> np.ndarray:
    """For each class number of ``x`` (...), ``num_classes`` zeros with a one in its place: (..., ``num_classes``)."""
    if x.size and (x.min() < 0 or x.max() >= num_classes):
        raise GraphError(f"a class is outside 0..{num_classes - 1}")
    return (x[..., None] == np.arange(num_classes)).astype(np.int64)
