"""Order: ONNX has one operator for it, the best ``k``."""

from __future__ import annotations

from mcore.platform.dtypes import DType
from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import Value, writes
from mcore.platform.ops.rules import Size, dimension


def ranked(e: Emitter, x: Value, k: Size, axis: int, *, largest: bool) -> tuple[str, ...]:
    """The first ``k`` values along ``axis`` in order, of equal ones the earlier first, and where they stood."""
    return e.several("TopK", 2, x, e.ints([k]), axis=axis, largest=int(largest), sorted=1)


def _alone(e: Emitter, x: Value) -> tuple[str, ...]:
    return e("Identity", x), e.number(0, DType.INT64)


@writes("topk")
def _topk(e: Emitter, x: Value, *, k: Size, dim: int, largest: bool, sorted: bool) -> tuple[str, ...]:
    return ranked(e, x, k, dimension(dim, x.rank), largest=largest) if x.rank else _alone(e, x)


@writes("sort")
def _sort(e: Emitter, x: Value, *, dim: int, descending: bool) -> tuple[str, ...]:
    if not x.rank:
        return _alone(e, x)
    axis = dimension(dim, x.rank)
    return ranked(e, x, x.shape[axis], axis, largest=descending)


@writes("argsort")
def _argsort(e: Emitter, x: Value, *, dim: int, descending: bool) -> str:
    return _sort(e, x, dim=dim, descending=descending)[1]
