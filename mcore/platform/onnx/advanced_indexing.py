"""Reading and writing at several index tensors at once: by the operators whose last index dimension names a place."""

from __future__ import annotations

from mcore.platform.dtypes import DType
from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import Value, writes
from mcore.platform.ops.rules import Shape, broadcast, dimension


def _layout(x: Value, indices: tuple[Value, ...], dims: tuple[int, ...]) -> tuple[list[int], Shape, list[int]]:
    """The order with the indexed dimensions first, the indices' common shape, and where its dimensions go in the result."""
    axes = [dimension(d, x.rank) for d in dims]
    rest = [d for d in range(x.rank) if d not in axes]
    block = broadcast(*(index.shape for index in indices))
    at = axes[0] if axes[-1] - axes[0] == len(axes) - 1 else 0
    # Dimension of (block, rest) that stands at each place of the result.
    count = len(block)
    back = [*range(count, count + at), *range(count), *range(count + at, count + len(rest))]
    return [*axes, *rest], block, back


def _places(e: Emitter, x: Value, indices: tuple[Value, ...], dims: tuple[int, ...], block: Shape) -> str:
    """The indices side by side in a last dimension, none of them counted from the end."""
    shape, columns = e.ints(block), []
    for index, dim in zip(indices, dims, strict=True):
        wide = e.cast(index, DType.INT64)
        behind = e("Add", wide, e.number(x.shape[dim], DType.INT64))
        positive = e.where(e("Less", wide, e.number(0, DType.INT64)), behind, wide)
        columns.append(e("Unsqueeze", e("Expand", positive, shape), e.ints([-1])))
    return e("Concat", *columns, axis=-1) if len(columns) > 1 else columns[0]


@writes("index")
def _index(e: Emitter, x: Value, *indices: Value, dims: tuple[int, ...]) -> str:
    if len(indices) == 1:
        return e("Gather", x, indices[0], axis=dimension(dims[0], x.rank))
    order, block, back = _layout(x, indices, dims)
    picked = e("GatherND", e.transpose(x, order), _places(e, x, indices, dims, block))
    return e.transpose(picked, back)


@writes("index_put")
def _index_put(e: Emitter, x: Value, values: Value, *indices: Value, dims: tuple[int, ...], accumulate: bool) -> str:
    order, block, back = _layout(x, indices, dims)
    place: Shape = (*block, *[x.shape[d] for d in order[len(dims) :]])
    wanted = e("Expand", values, e.ints([place[d] for d in back]))
    updates = e.transpose(wanted, _inverse(back))
    places = _places(e, x, indices, dims, block)
    reduction = "add" if accumulate else None
    return e.transpose(e("ScatterND", e.transpose(x, order), places, updates, reduction=reduction), _inverse(order))


def _inverse(order: list[int]) -> list[int]:
    return sorted(range(len(order)), key=order.__getitem__)
