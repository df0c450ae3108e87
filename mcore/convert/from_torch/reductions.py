"""Reductions over dimensions."""

from __future__ import annotations

from typing import Any

import torch

from mcore.convert.from_torch.arithmetic import cast
from mcore.convert.from_torch.table import direct, maps, sequence
from mcore.convert.recorder import Recorder, Value
from mcore.platform.dtypes import DType

Dims = Any


def dims_of(dim: Dims, axis: Dims = None) -> tuple[int, ...] | None:
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
        return recorder.emit(op, [value], dim=dims_of(dim, axis), keepdim=keepdim or keepdims)

    return mapping


for _op in ("mean", "sum", "amax", "amin"):
    maps(_op)(_reduction(_op))


def _moments(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The op's attributes for ``var(x, dim, unbiased, keepdim)``, ``var(x, unbiased)``, ``var(x, dim, correction=)``."""
    if args and isinstance(args[0], bool):
        args = (None, *args)
    given = dict(zip(("dim", "unbiased", "keepdim"), args, strict=False)) | kwargs
    unbiased = given.pop("unbiased", True)
    correction = given.pop("correction", None)
    dim, keepdim = dims_of(given.pop("dim", None), given.pop("axis", None)), given.pop("keepdim", False)
    if given:
        recorder.refuse(f"var is called with argument {min(given)!r}, which the op does not have")
    return {"dim": dim, "correction": int(unbiased) if correction is None else correction, "keepdim": keepdim}


def _moment(root: bool, with_mean: bool) -> Any:
    def mapping(recorder: Recorder, input: Value, *args: Any, **kwargs: Any) -> Any:
        attributes = _moments(recorder, args, kwargs)
        found = recorder.emit("var", [input], **attributes)
        if root:
            found = recorder.emit("sqrt", [found])
        del attributes["correction"]
        return (found, recorder.emit("mean", [input], **attributes)) if with_mean else found

    return mapping


maps("var")(_moment(root=False, with_mean=False))
maps("std")(_moment(root=True, with_mean=False))
maps("var_mean")(_moment(root=False, with_mean=True))
maps("std_mean")(_moment(root=True, with_mean=True))


def _extreme(recorder: Recorder, op: str, input: Value, dim: Any, keepdim: bool) -> Any:
    """The value; with one dimension its index too; with another tensor the element-wise choice."""
    if isinstance(dim, Value):
        return recorder.emit("maximum" if op == "amax" else "minimum", [input, dim])
    value = recorder.emit(op, [input], dim=None if dim is None else (dim,), keepdim=keepdim)
    return value if dim is None else (value, _index(recorder, op, input, dim, keepdim))


def _index(recorder: Recorder, op: str, input: Value, dim: int | None, keepdim: bool) -> Value:
    if input.type.dtype is DType.BOOL:
        input = recorder.emit("cast", [input], dtype=DType.UINT8)
    return recorder.emit("argmin" if op == "amin" else "argmax", [input], dim=dim, keepdim=keepdim)


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


@maps("aminmax")
def aminmax(recorder: Recorder, input: Value, *, dim: int | None = None, keepdim: bool = False) -> tuple[Value, Value]:
    dims = None if dim is None else (dim,)
    least, most = (recorder.emit(op, [input], dim=dims, keepdim=keepdim) for op in ("amin", "amax"))
    return least, most


def _running(op: str) -> Any:
    def mapping(recorder: Recorder, input: Value, dim: int, *, dtype: torch.dtype | None = None) -> Value:
        return recorder.emit(op, [cast(recorder, input, dtype) if dtype is not None else input], dim=dim)

    return mapping


for _op in ("cumsum", "cumprod"):
    maps(_op)(_running(_op))
direct("cummax")
direct("cummin")
direct("logsumexp")


@maps("prod")
def prod(
    recorder: Recorder,
    input: Value,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    dtype: torch.dtype | None = None,
) -> Value:
    return recorder.emit("prod", [input if dtype is None else cast(recorder, input, dtype)], dim=dim, keepdim=keepdim)


def _truth(op: str) -> Any:
    def mapping(recorder: Recorder, input: Value, dim: Dims = None, keepdim: bool = False) -> Value:
        return recorder.emit(op, [input], dim=dims_of(dim), keepdim=keepdim)

    return mapping


for _op in ("any", "all"):
    maps(_op)(_truth(_op))


@maps("count_nonzero")
def count_nonzero(recorder: Recorder, input: Value, dim: Dims = None) -> Value:
    return recorder.emit("sum", [cast(recorder, input, DType.BOOL)], dim=dims_of(dim))


@maps("median")
def median(recorder: Recorder, input: Value, dim: int | None = None, keepdim: bool = False) -> Any:
    if dim is None:
        return recorder.emit_all("median", [recorder.emit("reshape", [input], shape=(-1,))], dim=0)[0]
    return recorder.emit_all("median", [input], dim=dim, keepdim=keepdim)
