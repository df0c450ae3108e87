"""Order along a dimension. Equal elements keep their order, the lower index first; NaN counts as the largest value."""

from __future__ import annotations

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import Size, dimension

_DIM = Attribute("dim", "int", -1)
_DESCENDING = Attribute("descending", "bool", False)


def _ranking(x: np.ndarray, dim: int, descending: bool) -> np.ndarray:
    """Indices that sort ``x`` along ``dim``."""
    if not descending:
        return np.argsort(x, dim, kind="stable")
    # Sorted upwards from the back and read backwards, equal elements come in their own order.
    backwards = np.argsort(np.flip(x, dim), dim, kind="stable")
    return x.shape[dim] - 1 - np.flip(backwards, dim)


def _infer_topk(x: TensorType, *, k: Size, dim: int, largest: bool, sorted: bool) -> tuple[TensorType, ...]:
    axis = dimension(dim, len(x.shape))
    size = x.shape[axis] if x.shape else 1
    if isinstance(k, int) and (k < 0 or (isinstance(size, int) and k > size)):
        raise ShapeError(f"k is {k}, the dimension has {size} elements")
    shape = (*x.shape[:axis], k, *x.shape[axis + 1 :]) if x.shape else ()
    return TensorType(x.dtype, shape), TensorType(DType.INT64, shape)


@op(
    "topk",
    inputs=("x",),
    infer=_infer_topk,
    attributes=(
        Attribute("k", "size"),
        _DIM,
        Attribute("largest", "bool", True),
        Attribute("sorted", "bool", True),
    ),
)
def topk(x: np.ndarray, *, k: int, dim: int, largest: bool, sorted: bool) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` largest (or smallest) values along ``dim`` and their indices in int64.

    Always in order, whatever ``sorted`` says: one fixed result of those that torch may give.
    """
    if not x.ndim:
        return x, np.zeros((), np.int64)
    indices = np.take(_ranking(x, dim, largest), range(k), dim)
    return np.take_along_axis(x, indices, dim), indices


def _infer_sort(x: TensorType, *, dim: int, descending: bool) -> tuple[TensorType, ...]:
    dimension(dim, len(x.shape))
    return x, TensorType(DType.INT64, x.shape)


@op("sort", inputs=("x",), infer=_infer_sort, attributes=(_DIM, _DESCENDING))
def sort(x: np.ndarray, *, dim: int, descending: bool) -> tuple[np.ndarray, np.ndarray]:
    """The values along ``dim`` in order, and their indices in int64."""
    indices = argsort(x, dim=dim, descending=descending)
    return (np.take_along_axis(x, indices, dim) if x.ndim else x), indices


@op(
    "argsort",
    inputs=("x",),
    infer=lambda x, *, dim, descending: _infer_sort(x, dim=dim, descending=descending)[1:],
    attributes=(_DIM, _DESCENDING),
)
def argsort(x: np.ndarray, *, dim: int, descending: bool) -> np.ndarray:
    """Indices, in int64, that put ``x`` in order along ``dim``."""
    return _ranking(x, dim, descending) if x.ndim else np.zeros((), np.int64)
