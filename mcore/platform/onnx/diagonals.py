"""Diagonals and triangles of matrices, and rows of an identity matrix."""

from __future__ import annotations

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import Value, Writer, writes
from mcore.platform.ops.rules import Size, dimension


@writes("diagonal")
def _diagonal(e: Emitter, x: Value, *, offset: int, dim1: int, dim2: int) -> str:
    first, second = dimension(dim1, x.rank), dimension(dim2, x.rank)
    height, width, length = (e.known(s) for s in (x.shape[first], x.shape[second], e.out[0].shape[-1]))
    rest = [d for d in range(x.rank) if d not in (first, second)]
    rows = np.arange(length, dtype=np.int64) + max(-offset, 0)
    flat = e.reshape(e.transpose(x, [*rest, first, second]), (*[x.shape[d] for d in rest], height * width))
    return e("Gather", flat, e.const(rows * width + rows + offset), axis=len(rest))


def _triangle(upper: int) -> Writer:
    def write(e: Emitter, x: Value, *, diagonal: Size) -> str:
        dtype = DType.INT64 if x.dtype is DType.BOOL else x.dtype
        result = e("Trilu", e.cast(x, dtype), e.number(diagonal, DType.INT64), upper=upper)
        return e.cast(result, DType.BOOL) if x.dtype is DType.BOOL else result

    return write


writes("tril")(_triangle(0))
writes("triu")(_triangle(1))


@writes("one_hot")
def _one_hot(e: Emitter, x: Value, *, num_classes: Size) -> str:
    column = e("Unsqueeze", e.cast(x, DType.INT64), e.ints([-1]))
    return e.cast(e("Equal", column, e.range(num_classes)), DType.INT64)
