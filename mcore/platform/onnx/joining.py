"""Tensors joined and cut apart."""

from __future__ import annotations

from typing import Any

from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import Value, writes
from mcore.platform.ops.rules import dimension


@writes("cat")
def _cat(e: Emitter, *tensors: Value, dim: int) -> str:
    joined = [t for t in tensors if t.shape != (0,)] or tensors[:1]
    names = [e.cast(t, e.out[0].dtype) for t in joined]
    return e("Concat", *names, axis=dimension(dim, len(e.out[0].shape)))


@writes("stack")
def _stack(e: Emitter, *tensors: Value, dim: int) -> str:
    axis = dimension(dim, len(e.out[0].shape))
    rows = [e("Unsqueeze", e.cast(t, e.out[0].dtype), e.ints([axis])) for t in tensors]
    return e("Concat", *rows, axis=axis)


def _cut(e: Emitter, x: Value, *, dim: int, **_: Any) -> tuple[str, ...]:
    """Into the parts that the shape rule has found."""
    axis = dimension(dim, x.rank)
    if len(e.out) == 1:
        return (e("Identity", x),)
    return e.several("Split", len(e.out), x, e.ints([part.shape[axis] for part in e.out]), axis=axis)


writes("split", "chunk")(_cut)


@writes("unbind")
def _unbind(e: Emitter, x: Value, *, dim: int) -> tuple[str, ...]:
    axis, count = dimension(dim, x.rank), len(e.out)
    parts = e.several("Split", count, x, e.ints([1] * count), axis=axis)
    return tuple(e("Squeeze", part, e.ints([axis])) for part in parts)
