"""Elements picked by position: ``x[...]``, ``x[...] = value``, gather and the like."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from mcore.convert.from_torch.table import direct, maps
from mcore.convert.recorder import Recorder, Value
from mcore.convert.symbolic import expression
from mcore.platform.dims import Expr
from mcore.platform.dtypes import DType

_EVERYTHING = slice(None)
_INTEGERS = (DType.INT32, DType.INT64)


def _spelt_out(recorder: Recorder, rank: int, index: Any) -> list[Any]:
    """The index as a list of one item for each dimension, with ``None`` for new ones, and no ellipsis."""
    items = list(index) if isinstance(index, tuple) else [index]
    for item in items:
        if isinstance(item, bool) or (isinstance(item, Value) and item.type.dtype is DType.BOOL):
            recorder.refuse("indexes by a mask: the shape of the result depends on data; use where or masked_fill")
        if not (item is None or item is Ellipsis or isinstance(item, int | slice | Value)):
            recorder.refuse(f"indexes by a {type(item).__name__}; use integers, slices or an integer tensor")
    missing = rank - sum(item is not None and item is not Ellipsis for item in items)
    if missing < 0:
        recorder.refuse(f"indexes {rank} dimensions by {rank - missing} items")
    place = next((i for i, item in enumerate(items) if item is Ellipsis), len(items))
    return [*items[:place], *[_EVERYTHING] * missing, *items[place + 1 :]]


@maps(Tensor.__getitem__)
def getitem(recorder: Recorder, self: Value, index: Any) -> Value:
    items = _spelt_out(recorder, self.rank, index)
    if sum(isinstance(item, Value) for item in items) > 1:
        recorder.refuse("indexes by several tensors at once, for which the Platform has no op; flatten the index")
    result, axis = self, 0
    for item in items:
        if item is None:
            result = recorder.emit("unsqueeze", [result], dim=axis)
            axis += 1
        elif isinstance(item, int):
            result = recorder.emit("select", [result], dim=axis, index=item)
        elif isinstance(item, slice):
            result = _slice(recorder, result, axis, item)
            axis += 1
        else:
            result = _pick(recorder, result, axis, item)
            axis += item.rank
    return result


def _slice(recorder: Recorder, value: Value, axis: int, item: slice) -> Value:
    if item == _EVERYTHING:
        return value
    step = 1 if item.step is None else item.step
    return recorder.emit("slice", [value], dim=axis, start=item.start, end=item.stop, step=step)


def _pick(recorder: Recorder, value: Value, axis: int, index: Value) -> Value:
    """``value`` at an integer tensor of any rank along ``axis``."""
    if index.type.dtype not in _INTEGERS:
        recorder.refuse(f"indexes by a tensor of {index.type.dtype}")
    shape = (*value.type.shape[:axis], *index.type.shape, *value.type.shape[axis + 1 :])
    flat = index if index.rank == 1 else recorder.emit("reshape", [index], shape=(-1,))
    picked = recorder.emit("index_select", [value, flat], dim=axis)
    return picked if index.rank == 1 else recorder.emit("reshape", [picked], shape=shape)


@maps(Tensor.__setitem__)
def setitem(recorder: Recorder, self: Value, index: Any, value: Any) -> Value:
    mask = index[0] if isinstance(index, tuple) and len(index) == 1 else index
    if isinstance(mask, Value) and mask.type.dtype is DType.BOOL and not isinstance(value, Value):
        for _ in range(self.rank - mask.rank):
            mask = recorder.emit("unsqueeze", [mask], dim=mask.rank)
        return recorder.emit("masked_fill", [self, mask], value=value)
    items = [item for item in _spelt_out(recorder, self.rank, index) if item is not None]
    if any(isinstance(item, Value) for item in items):
        recorder.refuse("writes at a tensor of indices, for which the Platform has no op")
    return _assigned(recorder, self, items, 0, _aligned(recorder, items, value) if isinstance(value, Value) else value)


def _aligned(recorder: Recorder, items: list[Any], value: Value) -> Value:
    """``value`` with a dimension for each that ``items`` index, of size one where an integer does."""
    missing = sum(not isinstance(item, int) for item in items) - value.rank
    if missing < 0:
        recorder.refuse("writes a value of more dimensions than the place that it is written to")
    for axis in [0] * missing + [axis for axis, item in enumerate(items) if isinstance(item, int)]:
        value = recorder.emit("unsqueeze", [value], dim=axis)
    return value


def _assigned(recorder: Recorder, target: Value, items: list[Any], axis: int, value: Any) -> Value:
    """``target`` with ``value`` at ``items``, which index the dimensions from ``axis`` on: joined from what stands around."""
    while items and items[0] == _EVERYTHING:
        items, axis = items[1:], axis + 1
    if not items:
        return _filled(recorder, target, value)
    first, last = _range(recorder, target, axis, items[0])
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
    elif item.step in (None, 1):
        first, last = (None if limit is None else expression(limit) for limit in (item.start, item.stop))
    else:
        recorder.refuse("writes every n-th element, for which the Platform has no op; stack and reshape")
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
    recorder: Recorder, input: Value, weight: Value, padding_idx: int | None = None, max_norm: Any = None, **_: Any
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
