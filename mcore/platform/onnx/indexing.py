"""Elements picked by position: slices, integer indices, rolls, flips and repeats."""

from __future__ import annotations

from mcore.platform.onnx.emitter import BEGIN, END, Emitter
from mcore.platform.onnx.table import Value, writes
from mcore.platform.ops.rules import Shape, Size, dimension, product


@writes("slice")
def _slice(e: Emitter, x: Value, *, dim: int, start: Size | None, end: Size | None, step: int) -> str:
    first, last = 0 if start is None else start, END if end is None else end
    return e.slice(x, dimension(dim, x.rank), first, last, step)


@writes("select")
def _select(e: Emitter, x: Value, *, dim: int, index: Size) -> str:
    axis = dimension(dim, x.rank)
    picked = e("Gather", x, e.ints([index]), axis=axis)
    return e("Squeeze", picked, e.ints([axis]))


@writes("index_select")
def _index_select(e: Emitter, x: Value, index: Value, *, dim: int) -> str:
    if not x.rank:
        return e("Identity", x)
    return e("Gather", x, e.as_vector(index).name, axis=dimension(dim, x.rank))


@writes("gather")
def _gather(e: Emitter, x: Value, index: Value, *, dim: int) -> str:
    row, places = e.as_vector(x), e.as_vector(index)
    result = e("GatherElements", row, places, axis=dimension(dim, row.rank))
    return result if index.rank else e.reshape(result, ())


@writes("embedding")
def _embedding(e: Emitter, x: Value, weight: Value) -> str:
    return e("Gather", weight, x, axis=0)


@writes("roll")
def _roll(e: Emitter, x: Value, *, shifts: Shape, dims: tuple[int, ...] | None) -> str:
    if not dims:
        flat = _rolled(e, e.reshape(x, (-1,)), 0, shifts[0], product(x.shape))
        return e.reshape(flat, x.shape)
    result = x.name
    for shift, dim in zip(shifts, dims, strict=True):
        axis = dimension(dim, x.rank)
        result = _rolled(e, result, axis, shift, x.shape[axis])
    return e("Identity", result) if result == x.name else result


def _rolled(e: Emitter, x: str, axis: int, shift: Size, size: Size) -> str:
    if size == 0:
        return x
    cut = size - shift % size
    return e("Concat", e.slice(x, axis, cut, END), e.slice(x, axis, 0, cut), axis=axis)


@writes("flip")
def _flip(e: Emitter, x: Value, *, dims: tuple[int, ...]) -> str:
    axes = [dimension(d, x.rank) for d in dims] if x.rank else []
    if not axes:
        return e("Identity", x)
    ends = [e.ints([v] * len(axes)) for v in (-1, BEGIN)]
    return e("Slice", x, *ends, e.ints(axes), e.ints([-1] * len(axes)))


@writes("repeat")
def _repeat(e: Emitter, x: Value, *, repeats: Shape) -> str:
    if not repeats:
        return e("Identity", x)
    new = len(repeats) - x.rank
    value = e("Unsqueeze", x, e.ints(list(range(new)))) if new else x.name
    return e("Tile", value, e.ints(repeats))


@writes("repeat_interleave")
def _repeat_interleave(e: Emitter, x: Value, *, repeats: Size, dim: int | None) -> str:
    shape: Shape = (product(x.shape),) if dim is None else x.shape
    axis = 0 if dim is None else dimension(dim, x.rank)
    value = e.reshape(x, shape) if dim is None else x.name
    beside = e("Unsqueeze", value, e.ints([axis + 1]))
    times = [repeats if d == axis + 1 else 1 for d in range(len(shape) + 1)]
    return e.reshape(e("Tile", beside, e.ints(times)), e.out[0].shape)
