"""Functions of torch that are a few ops of the Platform together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from mcore.convert.from_torch.arithmetic import Operand, floor_divide
from mcore.convert.from_torch.table import maps, sequence
from mcore.convert.recorder import Recorder, Value


@maps("remainder", Tensor.__mod__)
def remainder(recorder: Recorder, input: Operand, other: Operand) -> Value:
    quotient = floor_divide(recorder, input, other)
    product = _times(recorder, quotient, other)
    if isinstance(input, Value):
        return recorder.emit("sub", [input, product])
    return recorder.emit("rsub", [product], other=input)


def _times(recorder: Recorder, x: Value, factor: Operand) -> Value:
    if isinstance(factor, Value):
        return recorder.emit("mul", [x, factor])
    return x if factor == 1 else recorder.emit("mul", [x], other=factor)


def _plus(recorder: Recorder, x: Value, term: Value) -> Value:
    return recorder.emit("add", [x, term])


@maps("addmm", "baddbmm")
def addmm(recorder: Recorder, input: Value, a: Value, b: Value, *, beta: float = 1, alpha: float = 1) -> Value:
    if not input.type.dtype.is_floating:  # torch drops the fractions of the factors
        beta, alpha = int(beta), int(alpha)
    product = _times(recorder, recorder.emit("matmul", [a, b]), alpha)
    return product if beta == 0 else _plus(recorder, _times(recorder, input, beta), product)


@maps("addcmul")
def addcmul(recorder: Recorder, input: Value, a: Value, b: Value, *, value: float = 1) -> Value:
    return _plus(recorder, input, _times(recorder, recorder.emit("mul", [a, b]), value))


@maps("lerp")
def lerp(recorder: Recorder, input: Value, end: Value, weight: Operand) -> Value:
    return _plus(recorder, input, _times(recorder, recorder.emit("sub", [end, input]), weight))


@maps(F.glu)
def glu(recorder: Recorder, input: Value, dim: int = -1) -> Value:
    value, gate = recorder.emit_all("chunk", [input], chunks=2, dim=dim)
    return recorder.emit("mul", [value, recorder.emit("sigmoid", [gate])])


@maps("logsigmoid")
def logsigmoid(recorder: Recorder, input: Value) -> Value:
    negative = recorder.emit("softplus", [recorder.emit("neg", [input])])
    return recorder.emit("neg", [negative])


@maps(F.softsign)
def softsign(recorder: Recorder, input: Value) -> Value:
    magnitude = recorder.emit("abs", [input])
    return recorder.emit("div", [input, recorder.emit("add", [magnitude], other=1)])


@maps("rms_norm")
def rms_norm(
    recorder: Recorder,
    input: Value,
    normalized_shape: Sequence[int],
    weight: Value | None = None,
    eps: float | None = None,
) -> Value:
    dims = tuple(range(input.rank - len(tuple(normalized_shape)), input.rank))
    squares = recorder.emit("mean", [recorder.emit("pow", [input], other=2)], dim=dims, keepdim=True)
    least = eps if eps is not None else torch.finfo(getattr(torch, input.type.dtype.value)).eps
    scale = recorder.emit("rsqrt", [recorder.emit("add", [squares], other=least)])
    result = recorder.emit("mul", [input, scale])
    return result if weight is None else recorder.emit("mul", [result, weight])


@maps("repeat_interleave")
def repeat_interleave(
    recorder: Recorder, input: Value, repeats: Any, dim: int | None = None, *, output_size: int | None = None
) -> Value:
    if isinstance(repeats, Value):
        recorder.refuse("repeats each element a number of times that depends on data")
    return recorder.emit("repeat_interleave", [input], repeats=repeats, dim=dim)


def _pooled(op: str) -> Any:
    """Pooling of one dimension as that of two, of which one has size one."""

    def mapping(
        recorder: Recorder,
        input: Value,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        *rest: Any,
        **options: Any,
    ) -> Value:
        image = recorder.emit("unsqueeze", [input], dim=-2)
        names = ("dilation", "ceil_mode") if op == "max_pool2d" else ("ceil_mode", "count_include_pad")
        options |= dict(zip(names, rest, strict=False))
        if options.pop("return_indices", False):
            recorder.refuse("max_pool1d with return_indices has no op of the Platform")
        if "dilation" in options:
            options["dilation"] = (1, _one(options["dilation"]))
        pooled = recorder.emit(
            op,
            [image],
            kernel_size=(1, _one(kernel_size)),
            stride=None if not stride else (1, _one(stride)),
            padding=(0, _one(padding)),
            **options,
        )
        return recorder.emit("squeeze", [pooled], dim=(-2,))

    return mapping


def _one(value: Any) -> Any:
    return sequence(value, ())[0]


maps(F.max_pool1d, torch.max_pool1d)(_pooled("max_pool2d"))
maps(F.avg_pool1d)(_pooled("avg_pool2d"))


@maps(F.adaptive_avg_pool1d)
def adaptive_avg_pool1d(recorder: Recorder, input: Value, output_size: Any) -> Value:
    image = recorder.emit("unsqueeze", [input], dim=-2)
    pooled = recorder.emit("adaptive_avg_pool2d", [image], output_size=(1, _one(output_size)))
    return recorder.emit("squeeze", [pooled], dim=(-2,))


@maps("isnan")
def isnan(recorder: Recorder, input: Value) -> Value:
    return recorder.emit("ne", [input, input])
