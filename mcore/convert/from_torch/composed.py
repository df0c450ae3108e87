"""Functions of torch that are a few ops of the Platform together."""

from __future__ import annotations

from typing import Any

from torch.nn import functional as F

from mcore.convert.from_torch.arithmetic import Operand
from mcore.convert.from_torch.table import maps, whole
from mcore.convert.recorder import Recorder, Value
from mcore.platform.ops.rules import broadcast


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


@maps("addcdiv")
def addcdiv(recorder: Recorder, input: Value, a: Value, b: Value, *, value: float = 1) -> Value:
    return _plus(recorder, input, _times(recorder, recorder.emit("div", [a, b]), value))


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


@maps(F.tanhshrink)
def tanhshrink(recorder: Recorder, input: Value) -> Value:
    return recorder.emit("sub", [input, recorder.emit("tanh", [input])])


@maps("rrelu")
def rrelu(
    recorder: Recorder,
    input: Value,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Value:
    if training:
        recorder.refuse("rrelu draws its slopes at random; it needs evaluation mode")
    return recorder.emit("leaky_relu", [input], negative_slope=(lower + upper) / 2)


@maps(F.bilinear)
def bilinear(recorder: Recorder, input1: Value, input2: Value, weight: Value, bias: Value | None = None) -> Value:
    outputs, first, second = (whole(recorder, n, "the weight") for n in weight.type.shape)
    rows = recorder.emit("reshape", [weight], shape=(outputs * first, second))
    batch = input2.type.shape[:-1]
    forms = recorder.emit("reshape", [recorder.emit("linear", [input2, rows])], shape=(*batch, outputs, first))
    column = recorder.emit("unsqueeze", [input1], dim=-1)
    result = recorder.emit("squeeze", [recorder.emit("matmul", [forms, column])], dim=(-1,))
    return result if bias is None else _plus(recorder, result, bias)


@maps(F.cosine_similarity)
def cosine_similarity(recorder: Recorder, x1: Value, x2: Value, dim: int = 1, eps: float = 1e-8) -> Value:
    shape = broadcast(x1.type.shape, x2.type.shape)
    units = []
    for value in (x1, x2):
        if value.type.shape != shape:
            value = recorder.emit("expand", [value], size=shape)
        units.append(recorder.emit("normalize", [value], dim=dim, eps=eps))
    return recorder.emit("sum", [recorder.emit("mul", units)], dim=(dim,))


@maps(F.softsign)
def softsign(recorder: Recorder, input: Value) -> Value:
    magnitude = recorder.emit("abs", [input])
    return recorder.emit("div", [input, recorder.emit("add", [magnitude], other=1)])


@maps("repeat_interleave")
def repeat_interleave(
    recorder: Recorder, input: Value, repeats: Any, dim: int | None = None, *, output_size: int | None = None
) -> Value:
    if isinstance(repeats, Value):
        recorder.refuse("repeats each element a number of times that depends on data")
    return recorder.emit("repeat_interleave", [input], repeats=repeats, dim=dim)
