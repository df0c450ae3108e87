"""Values written to positions of a copy, diagonals, triangles, one-hot rows, and boxes that are kept."""

from __future__ import annotations

from typing import Any, NoReturn

import torch
from torch import Tensor
from torch.nn import functional as F

from mcore.convert.from_torch.indexing import operand, put
from mcore.convert.from_torch.table import direct, maps
from mcore.convert.recorder import Recorder, Value
from mcore.platform.ops.rules import broadcast
from mcore.torch_backend.detection import nms

#: The old names of reductions.
_OLD_REDUCTIONS = {"add": "sum", "multiply": "prod"}


@maps("scatter")
def scatter(
    recorder: Recorder,
    input: Value,
    dim: int,
    index: Value,
    src: Any = None,
    *,
    value: Any = None,
    reduce: str | None = None,
) -> Value:
    given = src if value is None else value
    if reduce is not None:
        if not isinstance(given, Value):
            given = operand(recorder, given, input.type.dtype)
            given = recorder.emit("expand", [given], size=index.type.shape)
        return recorder.emit("scatter_reduce", [input, index, given], dim=dim, reduce=_OLD_REDUCTIONS[reduce])
    if isinstance(given, Value):
        return recorder.emit("scatter", [input, index, given], dim=dim)
    return recorder.emit("scatter", [input, index], dim=dim, src=given)


@maps("scatter_add")
def scatter_add(recorder: Recorder, input: Value, dim: int, index: Value, src: Value) -> Value:
    return recorder.emit("scatter_add", [input, index, src], dim=dim)


@maps("scatter_reduce")
def scatter_reduce(
    recorder: Recorder, input: Value, dim: int, index: Value, src: Value, reduce: str, *, include_self: bool = True
) -> Value:
    return recorder.emit("scatter_reduce", [input, index, src], dim=dim, reduce=reduce, include_self=include_self)


@maps("index_put", torch.ops.aten.index_put)
def index_put(recorder: Recorder, input: Value, indices: Any, values: Value, accumulate: bool = False) -> Value:
    return put(recorder, input, _by_dimension(recorder, indices), values, accumulate=accumulate)


@maps(torch.ops.aten.index)
def index(recorder: Recorder, input: Value, indices: Any) -> Value:
    places = _by_dimension(recorder, indices)
    return recorder.emit("index", [input, *places.values()], dims=tuple(places))


def _by_dimension(recorder: Recorder, indices: Any) -> dict[int, Value]:
    return {dim: item for dim, item in enumerate(indices) if item is not None}


def _row(recorder: Recorder, index: Value) -> Value:
    return index if index.rank else recorder.emit("reshape", [index], shape=(1,))


@maps("index_add")
def index_add(recorder: Recorder, input: Value, dim: int, index: Value, source: Value, *, alpha: float = 1) -> Value:
    if alpha != 1:
        source = recorder.emit("mul", [source], other=alpha)
    return put(recorder, input, {dim % max(input.rank, 1): _row(recorder, index)}, source, accumulate=True)


@maps("index_copy")
def index_copy(recorder: Recorder, input: Value, dim: int, index: Value, source: Value) -> Value:
    return put(recorder, input, {dim % max(input.rank, 1): _row(recorder, index)}, source, accumulate=False)


@maps("index_fill")
def index_fill(recorder: Recorder, input: Value, dim: int, index: Value, value: Any) -> Value:
    return put(recorder, input, {dim % max(input.rank, 1): _row(recorder, index)}, value, accumulate=False)


@maps("slice_scatter")
def slice_scatter(
    recorder: Recorder, input: Value, src: Value, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Value:
    return recorder.emit("slice_scatter", [input, src], dim=dim, start=start, end=end, step=step)


@maps("select_scatter")
def select_scatter(recorder: Recorder, input: Value, src: Value, dim: int, index: Any) -> Value:
    row = recorder.emit("unsqueeze", [src], dim=dim if dim >= 0 else dim + input.rank)
    end = None if index == -1 else index + 1
    return recorder.emit("slice_scatter", [input, row], dim=dim, start=index, end=end)


@maps("take_along_dim")
def take_along_dim(recorder: Recorder, input: Value, indices: Value, dim: int | None = None) -> Value:
    if dim is None:
        flat = [recorder.emit("reshape", [value], shape=(-1,)) for value in (input, indices)]
        return take_along_dim(recorder, *flat, dim=0)
    axis = dim % input.rank
    # Unlike gather's, these may count from the end.
    from_end = recorder.emit("lt", [indices], other=0)
    turned = recorder.emit("add", [indices], other=input.type.shape[axis])
    indices = recorder.emit("where", [from_end, turned, indices])
    rest = broadcast(*((*v.type.shape[:axis], 1, *v.type.shape[axis + 1 :]) for v in (input, indices)))
    spread = []
    for value in (input, indices):
        shape = (*rest[:axis], value.type.shape[axis], *rest[axis + 1 :])
        spread.append(value if shape == value.type.shape else recorder.emit("expand", [value], size=shape))
    return recorder.emit("gather", spread, dim=axis)


@maps("take")
def take(recorder: Recorder, input: Value, index: Value) -> Value:
    return recorder.emit("index", [recorder.emit("reshape", [input], shape=(-1,)), index], dims=(0,))


@maps(F.one_hot)
def one_hot(recorder: Recorder, input: Value, num_classes: Any = -1) -> Value:
    if num_classes == -1:
        recorder.refuse("one_hot without num_classes has as many as the data asks for; give their number")
    return recorder.emit("one_hot", [input], num_classes=num_classes)


direct("diagonal")
direct("tril")
direct("triu")


@maps("diag")
def diag(recorder: Recorder, input: Value, diagonal: int = 0) -> Value:
    if input.rank != 2:
        recorder.refuse("diag of a vector makes a matrix, for which the Platform has no op; multiply by an eye")
    return recorder.emit("diagonal", [input], offset=diagonal)


@maps("trace")
def trace(recorder: Recorder, input: Value) -> Value:
    return recorder.emit("sum", [recorder.emit("diagonal", [input])])


@maps(Tensor.unfold)
def windows(recorder: Recorder, self: Value, dimension: int, size: int, step: int) -> Value:
    return recorder.emit("tensor_unfold", [self], dimension=dimension, size=size, step=step)


@maps(nms)
def kept_boxes(recorder: Recorder, boxes: Value, scores: Value, iou_threshold: float, max_output: Any = None) -> Value:
    return recorder.emit("nms", [boxes, scores], iou_threshold=iou_threshold, max_output=max_output)


def _of_data(what: str) -> Any:
    def mapping(recorder: Recorder, *args: Any, **kwargs: Any) -> NoReturn:
        recorder.refuse(f"{what} depends on data, which no graph can hold")

    return mapping


for _name in ("nonzero", "argwhere", "masked_select", "masked_scatter", "unique", "unique_consecutive", "bincount"):
    maps(_name)(_of_data(f"the result of {_name}"))
