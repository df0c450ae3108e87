"""Elements picked by position: ``x[...]``, ``x[...] = value``, gather and the like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from mcore.convert.from_torch.arithmetic import cast
from mcore.convert.from_torch.table import direct, maps
from mcore.convert.recorder import Recorder, Value
from mcore.convert.symbolic import Sym, expression
from mcore.platform.dims import Expr
from mcore.platform.dtypes import DType

_EVERYTHING = slice(None)
_INTEGERS = (DType.INT32, DType.INT64)


def _spelt_out(recorder: Recorder, rank: int, index: Any) -> list[Any]:
    """The index as a list of one item for each dimension, with ``None`` for new ones, and no ellipsis."""
    items = [_item(recorder, item) for item in (index if isinstance(index, tuple) else (index,))]
    missing = rank - sum(item is not None and item is not Ellipsis for item in items)
    if missing < 0:
        recorder.refuse(f"indexes {rank} dimensions by {rank - missing} items")
    place = next((i for i, item in enumerate(items) if item is Ellipsis), len(items))
    return [*items[:place], *[_EVERYTHING] * missing, *items[place + 1 :]]


def _item(recorder: Recorder, item: Any) -> Any:
    """One part of an index: ``None``, an ellipsis, an integer, a slice or an integer tensor."""
    if isinstance(item, list):
        item = _listed(recorder, item)
    if isinstance(item, bool) or (isinstance(item, Value) and item.type.dtype in (DType.BOOL, DType.UINT8)):
        recorder.refuse("indexes by a mask: the shape of the result depends on data; use where or masked_fill")
    if isinstance(item, Value) and item.type.dtype not in _INTEGERS:
        recorder.refuse(f"indexes by a tensor of {item.type.dtype}")
    if not (item is None or item is Ellipsis or isinstance(item, int | slice | Value)):
        recorder.refuse(f"indexes by a {type(item).__name__}; use integers, slices or an integer tensor")
    return item


def _listed(recorder: Recorder, items: list[Any]) -> Any:
    """A list of whole numbers as a tensor of them."""
    if any(isinstance(i, Sym) or not isinstance(i, int) or isinstance(i, bool) for i in items):
        recorder.refuse("indexes by a list of other things than whole numbers; make a tensor of it")
    return recorder.constant(torch.tensor(items, dtype=torch.int64))


@maps(Tensor.__getitem__)
def getitem(recorder: Recorder, self: Value, index: Any) -> Value:
    value, indices = _read(recorder, self, _spelt_out(recorder, self.rank, index))
    if not indices:
        return value
    return recorder.emit("index", [value, *indices.values()], dims=tuple(indices))


def _read(recorder: Recorder, value: Value, items: list[Any]) -> tuple[Value, dict[int, Value]]:
    """What numbers, slices and new dimensions leave of a value, and the index tensors for its dimensions.

    A tensor without dimensions is a number whose value is not known; its dimension goes, as a number's does.
    """
    indices: dict[int, Value] = {}
    axis = 0
    for item in items:
        if item is None:
            value = recorder.emit("unsqueeze", [value], dim=axis)
        elif isinstance(item, int):
            value = recorder.emit("select", [value], dim=axis, index=item)
            continue
        elif isinstance(item, slice):
            value = _slice(recorder, value, axis, item)
        elif item.rank == 0:
            value = recorder.emit("index", [value, item], dims=(axis,))
            continue
        else:
            indices[axis] = item
        axis += 1
    return value, indices


def _slice(recorder: Recorder, value: Value, axis: int, item: slice) -> Value:
    if item == _EVERYTHING:
        return value
    step = 1 if item.step is None else item.step
    return recorder.emit("slice", [value], dim=axis, start=item.start, end=item.stop, step=step)


@maps(Tensor.__setitem__)
def setitem(recorder: Recorder, self: Value, index: Any, value: Any) -> Value:
    mask = index[0] if isinstance(index, tuple) and len(index) == 1 else index
    if isinstance(mask, Value) and mask.type.dtype is DType.BOOL:
        return _filled_where(recorder, self, mask, value)
    items = [item for item in _spelt_out(recorder, self.rank, index) if item is not None]
    if any(isinstance(item, Value) for item in items):
        value = _put(recorder, self, items, value)
        items = [_EVERYTHING if isinstance(item, Value) else item for item in items]
    return _assigned(recorder, self, items, 0, _aligned(recorder, items, value) if isinstance(value, Value) else value)


def _filled_where(recorder: Recorder, target: Value, mask: Value, value: Any) -> Value:
    """``target`` with one number, or the one element of a tensor, where ``mask`` holds."""
    if isinstance(value, Value) and value.rank:
        recorder.refuse("writes several values under a mask: which goes where depends on data; use where")
    for _ in range(target.rank - mask.rank):
        mask = recorder.emit("unsqueeze", [mask], dim=mask.rank)
    if isinstance(value, Value):
        return recorder.emit("where", [mask, cast(recorder, value, target.type.dtype), target])
    return recorder.emit("masked_fill", [target, mask], value=value)


def _put(recorder: Recorder, target: Value, items: list[Any], value: Any) -> Value:
    """The part of ``target`` that numbers and slices leave, with ``value`` at the index tensors in it."""
    if any(isinstance(item, Value) and item.rank == 0 for item in items):
        recorder.refuse("writes at a position that is a tensor without dimensions; give it one, or use a number")
    part, indices = _read(recorder, target, items)
    return put(recorder, part, indices, value, accumulate=False)


def put(recorder: Recorder, target: Value, indices: Mapping[int, Value], value: Any, *, accumulate: bool) -> Value:
    """``target`` with ``value`` at ``indices`` by dimension."""
    value = operand(recorder, value, target.type.dtype)
    dims = tuple(indices)
    return recorder.emit("index_put", [target, value, *indices.values()], dims=dims, accumulate=accumulate)


def operand(recorder: Recorder, value: Any, dtype: DType) -> Value:
    """A tensor or number as a tensor of ``dtype``."""
    if isinstance(value, Value):
        return cast(recorder, value, dtype)
    return recorder.emit("full", [], size=(), fill_value=value, dtype=dtype)


def _aligned(recorder: Recorder, items: list[Any], value: Value) -> Value:
    """``value`` with a dimension for each that ``items`` index, of size one where an integer does."""
    missing = sum(not isinstance(item, int) for item in items) - value.rank
    if missing < 0:
        recorder.refuse("writes a value of more dimensions than the place that it is written to")
    for axis in [0] * missing + [axis for axis, item in enumerate(items) if isinstance(item, int)]:
        value = recorder.emit("unsqueeze", [value], dim=axis)
    return value


def _assigned(recorder: Recorder, target: Value, items: list[Any], axis: int, value: Any) -> Value:
    """``target`` with ``value`` at ``items``, which index the dimensions from ``axis`` on."""
    while items and items[0] == _EVERYTHING:
        items, axis = items[1:], axis + 1
    if not items:
        return _filled(recorder, target, value)
    stepping = isinstance(items[0], slice) and items[0].step not in (None, 1)
    # Sizes of what stands around would be minima and maxima, which add up to the size only in the eyes of who knows the sizes.
    symbolic = isinstance(items[0], slice) and isinstance(target.type.shape[axis], Expr)
    if stepping or symbolic:
        inner = _slice(recorder, target, axis, items[0])
        inner = _assigned(recorder, inner, items[1:], axis + 1, value)
        place = {"start": items[0].start, "end": items[0].stop, "step": items[0].step}
        return recorder.emit("slice_scatter", [target, inner], dim=axis, **place)
    first, last = _range(recorder, target, axis, items[0])
    if isinstance(target.type.shape[axis], Expr) and (first, last) != (None, None):
        # Joined from parts, the shape of the target would have to be proved; and a part may be empty at some sizes.
        inner = recorder.emit("slice", [target], dim=axis, start=first, end=last)
        inner = _assigned(recorder, inner, items[1:], axis + 1, value)
        return recorder.emit("slice_scatter", [target, inner], dim=axis, start=first, end=last)
    if not _position(recorder, target, axis, first, 0) < _position(recorder, target, axis, last, None):
        return target
    inner = recorder.emit("slice", [target], dim=axis, start=first, end=last)
    parts = [_assigned(recorder, inner, items[1:], axis + 1, value)]
    if first is not None:
        parts.insert(0, recorder.emit("slice", [target], dim=axis, end=first))
    if last is not None:
        parts.append(recorder.emit("slice", [target], dim=axis, start=last))
    return recorder.emit("cat", parts, dim=axis) if len(parts) > 1 else parts[0]


def _range(recorder: Recorder, target: Value, axis: int, item: Any) -> tuple[Any, Any]:
    """From where to where an item goes, each ``None`` for the end of the dimension on that side."""
    first: int | Expr | None
    last: int | Expr | None
    if isinstance(item, int):
        first, last = expression(item), expression(item + 1)
    else:
        first, last = (None if limit is None else expression(limit) for limit in (item.start, item.stop))
    at_end = last == target.type.shape[axis] or (isinstance(item, int) and last == 0)
    return None if first == 0 else first, None if at_end else last


def _position(recorder: Recorder, target: Value, axis: int, limit: int | Expr | None, absent: int | None) -> int:
    """A limit counted from the front; what is ``absent`` is that position, or the end."""
    size = target.type.shape[axis]
    if limit is None:
        limit = size if absent is None else absent
    number = recorder.number(limit)
    return number if number >= 0 else number + recorder.number(size)


@maps(Tensor.copy_)
def copy(recorder: Recorder, self: Value, src: Value, non_blocking: bool = False) -> Value:
    return _filled(recorder, self, src)


def _filled(recorder: Recorder, target: Value, value: Any) -> Value:
    """``value`` in the shape and element type of ``target``."""
    if not isinstance(value, Value):
        return recorder.emit("full", [], size=target.type.shape, fill_value=value, dtype=target.type.dtype)
    if value.type.dtype is not target.type.dtype:
        value = recorder.emit("cast", [value], dtype=target.type.dtype)
    if value.type.shape != target.type.shape:
        value = recorder.emit("expand", [value], size=target.type.shape)
    return value


direct("select")
direct("index_select")


@maps("gather")
def gather(recorder: Recorder, input: Value, dim: int, index: Value, *, sparse_grad: bool = False) -> Value:
    return recorder.emit("gather", [input, index], dim=dim)


@maps("narrow")
def narrow(recorder: Recorder, input: Value, dim: int, start: Any, length: Any) -> Value:
    if isinstance(start, Value):
        recorder.refuse("narrows from a position that depends on data; use index_select")
    first = expression(start)
    if isinstance(first, int) and first < 0:  # counted from the end, which the slice would reach as zero
        first = input.type.shape[dim] + first
    return recorder.emit("slice", [input], dim=dim, start=first, end=first + expression(length))


@maps(F.embedding)
def embedding(
    recorder: Recorder,
    input: Value,
    weight: Value,
    padding_idx: int | None = None,
    max_norm: Any = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Value:
    if max_norm is not None:
        recorder.refuse("embedding with max_norm changes its weights; it has no op of the Platform")
    return recorder.emit("embedding", [input, weight])


direct("topk")


# The op's order is always stable, which is one of the orders that torch may give.
@maps("argsort")
def argsort(recorder: Recorder, input: Value, dim: int = -1, descending: bool = False, stable: bool = False) -> Value:
    return recorder.emit("argsort", [input], dim=dim, descending=descending)


@maps("sort")
def sort(recorder: Recorder, input: Value, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    return recorder.emit_all("sort", [input], dim=dim, descending=descending)
