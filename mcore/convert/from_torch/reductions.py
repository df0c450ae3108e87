"""Reductions over dimensions."""

from __future__ import annotations

from typing import Any

import torch

from mcore.convert.from_torch.arithmetic import cast
from mcore.convert.from_torch.table import maps, sequence
from mcore.convert.recorder import Recorder, Value

Dims = Any


def _dims(dim: Dims, axis: Dims) -> tuple[int, ...] | None:
    """Dimensions as the op takes them: ``None`` for all."""
    dim = axis if dim is None else dim
    return None if dim is None else sequence(dim, ()) or None


def _reduction(op: str) -> Any:
    def mapping(
        recorder: Recorder,
        input: Value,
        dim: Dims = None,
        keepdim: bool = False,
        *,
        axis: Dims = None,
        keepdims: bool = False,
        dtype: torch.dtype | None = None,
    ) -> Value:
        value = cast(recorder, input, dtype) if dtype is not None else input
        return recorder.emit(op, [value], dim=_dims(dim, axis), keepdim=keepdim or keepdims)

    return mapping


for _op in ("mean", "sum", "amax", "amin"):
    maps(_op)(_reduction(_op))


def _variance(recorder: Recorder, input: Value, *args: Any, **kwargs: Any) -> Value:
    """``var(x, dim, unbiased, keepdim)``, ``var(x, unbiased)`` and ``var(x, dim, correction=, keepdim=)``."""
    args = tuple(args)
    if args and isinstance(args[0], bool):
        args = (None, *args)
    given = dict(zip(("dim", "unbiased", "keepdim"), args, strict=False)) | kwargs
    unbiased = given.pop("unbiased", True)
    correction = given.pop("correction", None)
    if correction is None:
        correction = int(unbiased)
    dim, keepdim = _dims(given.pop("dim", None), given.pop("axis", None)), given.pop("keepdim", False)
    if given:
        recorder.refuse(f"var is called with argument {min(given)!r}, which the op does not have")
    return recorder.emit("var", [input], dim=dim, correction=correction, keepdim=keepdim)


maps("var")(_variance)


@maps("std")
def std(recorder: Recorder, input: Value, *args: Any, **kwargs: Any) -> Value:
    return recorder.emit("sqrt", [_variance(recorder, input, *args, **kwargs)])


@maps("var_mean")
def var_mean(recorder: Recorder, input: Value, dim: Dims = None, **kwargs: Any) -> tuple[Value, Value]:
    mean = recorder.emit("mean", [input], dim=_dims(dim, None), keepdim=kwargs.get("keepdim", False))
    return _variance(recorder, input, dim=dim, **kwargs), mean


def _extreme(recorder: Recorder, op: str, input: Value, dim: Any, keepdim: bool) -> Any:
    """The value; with one dimension its index too; with another tensor the element-wise choice."""
    if isinstance(dim, Value):
        return recorder.emit("maximum" if op == "amax" else "minimum", [input, dim])
    value = recorder.emit(op, [input], dim=None if dim is None else (dim,), keepdim=keepdim)
    return value if dim is None else (value, _index(recorder, op, input, dim, keepdim))


def _index(recorder: Recorder, op: str, input: Value, dim: int | None, keepdim: bool) -> Value:
    if op == "amin":
        input = recorder.emit("neg", [input])
    return recorder.emit("argmax", [input], dim=dim, keepdim=keepdim)


@maps("max")
def max_(recorder: Recorder, input: Value, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    return _extreme(recorder, "amax", input, dim if other is None else other, keepdim)


@maps("min")
def min_(recorder: Recorder, input: Value, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    return _extreme(recorder, "amin", input, dim if other is None else other, keepdim)


@maps("argmax")
def argmax(recorder: Recorder, input: Value, dim: int | None = None, keepdim: bool = False) -> Value:
    return _index(recorder, "amax", input, dim, keepdim)


@maps("argmin")
def argmin(recorder: Recorder, input: Value, dim: int | None = None, keepdim: bool = False) -> Value:
    return _index(recorder, "amin", input, dim, keepdim)


@maps("cumsum")
def cumsum(recorder: Recorder, input: Value, dim: int, *, dtype: torch.dtype | None = None) -> Value:
    return recorder.emit("cumsum", [cast(recorder, input, dtype) if dtype is not None else input], dim=dim)


@maps("norm", torch.linalg.vector_norm, torch.linalg.norm)
def norm(
    recorder: Recorder,
    input: Value,
    p: Any = 2,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    ord: Any = None,
    dtype: torch.dtype | None = None,
) -> Value:
    order = p if ord is None else ord
    if order in (2, 2.0, "fro", None):
        squares = recorder.emit("pow", [input], other=2)
        return recorder.emit("sqrt", [recorder.emit("sum", [squares], dim=_dims(dim, None), keepdim=keepdim)])
    if order == 1:
        return recorder.emit("sum", [recorder.emit("abs", [input])], dim=_dims(dim, None), keepdim=keepdim)
    recorder.refuse(f"norm of order {order!r} has no op of the Platform; orders 1 and 2 have")
