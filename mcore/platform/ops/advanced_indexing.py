"""Reading and writing at several index tensors at once: ``x[:, rows, columns]``.

The index tensors broadcast together; element by element they name positions along the dimensions ``dims``. What they pick takes
the place of these dimensions if they stand side by side, else it comes first, as in torch and NumPy. A negative index counts
from the end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.indexing import check_index
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import Shape, broadcast, describe, dimensions

_DIMS = Attribute("dims", "ints")


def _picked(x: TensorType, indices: Sequence[TensorType], dims: tuple[int, ...]) -> Shape:
    """Shape of ``x`` at ``indices`` along ``dims``."""
    if not indices or len(indices) != len(dims):
        raise ShapeError(f"{len(indices)} index tensors for {len(dims)} dimensions")
    for index in indices:
        check_index(index)
    axes = dimensions(dims, len(x.shape))
    if not x.shape or list(axes) != sorted(axes):
        raise ShapeError(f"dimensions {list(dims)} must go upwards")
    block = broadcast(*(index.shape for index in indices))
    at = axes[0] if axes[-1] - axes[0] == len(axes) - 1 else 0
    rest = [size for d, size in enumerate(x.shape) if d not in axes]
    return (*rest[:at], *block, *rest[at:])


def _places(x: np.ndarray, indices: Sequence[np.ndarray], dims: tuple[int, ...]) -> tuple[slice | np.ndarray, ...]:
    """The index for NumPy; raises :class:`GraphError` for one that points outside."""
    places: list[slice | np.ndarray] = [slice(None)] * x.ndim
    for dim, index in zip(dims, indices, strict=True):
        size = x.shape[dim]
        if index.size and (index.min() < -size or index.max() >= size):
            raise GraphError(f"an index is outside {-size}..{size - 1}")
        places[dim] = index
    return tuple(places)


def _infer_index(x: TensorType, *indices: TensorType, dims: tuple[int, ...]) -> tuple[TensorType, ...]:
    """The common shape of the indices in the place of the dimensions ``dims``; the type of the first tensor."""
    return (TensorType(x.dtype, _picked(x, indices, dims)),)


@op("index", inputs=("*tensors",), infer=_infer_index, attributes=(_DIMS,))
def index(*tensors: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
    """The first tensor at the others, which are integer indices along ``dims``: ``x[:, i, j]`` for ``dims`` (1, 2)."""
    x, *indices = tensors
    return np.asarray(x[_places(x, indices, dims)])


def _infer_index_put(
    x: TensorType, *others: TensorType, dims: tuple[int, ...], accumulate: bool
) -> tuple[TensorType, ...]:
    """The shape and type of the first tensor."""
    if not others:
        raise ShapeError("takes a tensor, values and index tensors")
    values, *indices = others
    place = _picked(x, indices, dims)
    if len(values.shape) > len(place) or broadcast(place, values.shape) != place:
        raise ShapeError(f"values {describe(values.shape)} do not fit the place for them, {describe(place)}")
    if values.dtype is not x.dtype:
        raise ShapeError(f"values must be {x.dtype} as x, they are {values.dtype}")
    return (x,)


@op(
    "index_put",
    inputs=("*tensors",),
    infer=_infer_index_put,
    attributes=(_DIMS, Attribute("accumulate", "bool", False)),
)
def index_put(*tensors: np.ndarray, dims: tuple[int, ...], accumulate: bool) -> np.ndarray:
    """The first tensor with the second one at the others: ``x[:, i, j] = values``; added to it if ``accumulate``.

    Of values that meet at one position the last one stays, where torch leaves open which; accumulated, all are added.
    """
    x, values, *indices = tensors
    result = x.copy()
    places = _places(x, indices, dims)
    if accumulate:
        np.add.at(result, places, values)  # type: ignore[arg-type]
    else:
        result[places] = values
    return result
