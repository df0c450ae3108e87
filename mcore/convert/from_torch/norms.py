"""Norms of vectors and matrices, as powers, sums and extremes."""

from __future__ import annotations

import math
from typing import Any

import torch

from mcore.convert.from_torch.arithmetic import cast
from mcore.convert.from_torch.reductions import dims_of
from mcore.convert.from_torch.table import maps, sequence
from mcore.convert.recorder import Recorder, Value
from mcore.platform.dtypes import DType

Order = Any


@maps("norm")
def norm(
    recorder: Recorder,
    input: Value,
    p: Order = "fro",
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: torch.dtype | None = None,
) -> Value:
    """Of all that ``dim`` names, as of one vector, whatever their number."""
    order = 2 if p in ("fro", None) else p
    return vector_norm(recorder, input, order, dim, keepdim, dtype=dtype)


@maps(torch.linalg.norm)
def linalg_norm(
    recorder: Recorder,
    A: Value,  # noqa: N803 (torch's name)
    ord: Order = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: torch.dtype | None = None,
) -> Value:
    """With an order, that of a matrix where two dimensions are meant; without one, of a vector."""
    named = sequence(dim, ()) if dim is not None else tuple(range(A.rank))
    if ord is not None and len(named) == 2:
        return matrix_norm(recorder, A, ord, named, keepdim, dtype=dtype)
    return vector_norm(recorder, A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


@maps(torch.linalg.matrix_norm)
def matrix_norm(
    recorder: Recorder,
    A: Value,  # noqa: N803 (torch's name)
    ord: Order = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: torch.dtype | None = None,
) -> Value:
    if ord == "fro":
        return vector_norm(recorder, A, 2, dim, keepdim, dtype=dtype)
    if ord not in (1, -1, math.inf, -math.inf):
        recorder.refuse(f"the matrix norm of order {ord!r} needs singular values, for which the Platform has no op")
    value, kind = _wide(recorder, A, dtype)
    rows, columns = (d % A.rank for d in dim)
    summed, compared = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = recorder.emit("sum", [recorder.emit("abs", [value])], dim=(summed,), keepdim=True)
    found = recorder.emit("amax" if ord > 0 else "amin", [sums], dim=(compared,), keepdim=True)
    return cast(recorder, found if keepdim else recorder.emit("squeeze", [found], dim=(rows, columns)), kind)


@maps(torch.linalg.vector_norm)
def vector_norm(
    recorder: Recorder,
    x: Value,
    ord: Order = 2,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: torch.dtype | None = None,
) -> Value:
    if not isinstance(ord, int | float):
        recorder.refuse(f"the norm of order {ord!r} has no op of the Platform; numbers have")
    value, kind = _wide(recorder, x, dtype)
    over: dict[str, Any] = {"dim": dims_of(dim), "keepdim": keepdim}
    if ord == 0:
        return cast(recorder, recorder.emit("sum", [recorder.emit("ne", [value], other=0)], **over), kind)
    if ord == 2:
        squares = recorder.emit("pow", [value], other=2)
        return cast(recorder, recorder.emit("sqrt", [recorder.emit("sum", [squares], **over)]), kind)
    magnitude = recorder.emit("abs", [value])
    if ord in (math.inf, -math.inf):
        return cast(recorder, recorder.emit("amax" if ord > 0 else "amin", [magnitude], **over), kind)
    if ord == 1:
        return cast(recorder, recorder.emit("sum", [magnitude], **over), kind)
    powers = recorder.emit("pow", [magnitude], other=float(ord))
    return cast(recorder, recorder.emit("pow", [recorder.emit("sum", [powers], **over)], other=1 / ord), kind)


def _wide(recorder: Recorder, value: Value, dtype: torch.dtype | None) -> tuple[Value, DType]:
    """``value`` in the type to compute in, and that of the result: half precision has no room for squares."""
    if dtype is not None:
        value = cast(recorder, value, dtype)
    kind = value.type.dtype
    return (cast(recorder, value, DType.FLOAT32) if kind is DType.FLOAT16 else value), kind
