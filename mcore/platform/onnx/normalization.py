"""Normalisation."""

from __future__ import annotations

import math

import numpy as np

from mcore.platform.onnx.emitter import Emitter, Operand
from mcore.platform.onnx.table import Value, writes
from mcore.platform.ops.rules import Shape, Size, dimension, product


def _filled(e: Emitter, like: Value, shape: Shape, value: float) -> str:
    return e.const(np.full([e.known(s) for s in shape], value, like.dtype.numpy))


def _affine(e: Emitter, x: str, rank: int, weight: Value | None, bias: Value | None) -> str:
    """``x`` times and plus a value for each channel."""
    for kind, vector in (("Mul", weight), ("Add", bias)):
        if vector is not None:
            x = e(kind, x, e.reshape(vector, (*vector.shape, *[1] * (rank - 2))))
    return x


def _standardised(e: Emitter, x: Operand, like: Value, axes: list[int], eps: float) -> str:
    """``x`` less its mean over ``axes``, divided by its standard deviation there."""
    centred = e("Sub", x, e.reduce("ReduceMean", x, axes))
    variance = e.reduce("ReduceMean", e("Mul", centred, centred), axes)
    return e("Div", centred, e("Sqrt", e("Add", variance, e.number(eps, like.dtype))))


@writes("batch_norm")
def _batch_norm(
    e: Emitter,
    x: Value,
    running_mean: Value | None = None,
    running_var: Value | None = None,
    weight: Value | None = None,
    bias: Value | None = None,
    *,
    eps: float,
) -> str:
    if running_mean is None or running_var is None:
        own = _standardised(e, x, x, [0, *range(2, x.rank)], eps)
        return _affine(e, own, x.rank, weight, bias)
    channels = (running_mean.shape[0],)
    scale = weight or _filled(e, x, channels, 1)
    shift = bias or _filled(e, x, channels, 0)
    return e("BatchNormalization", x, scale, shift, running_mean, running_var, epsilon=eps)


@writes("instance_norm")
def _instance_norm(
    e: Emitter,
    x: Value,
    running_mean: Value | None = None,
    running_var: Value | None = None,
    weight: Value | None = None,
    bias: Value | None = None,
    *,
    use_input_stats: bool,
    eps: float,
) -> str:
    if not use_input_stats:
        return _batch_norm(e, x, running_mean, running_var, weight, bias, eps=eps)
    channels = (x.shape[1],)
    scale = weight or _filled(e, x, channels, 1)
    return e("InstanceNormalization", x, scale, bias or _filled(e, x, channels, 0), epsilon=eps)


@writes("group_norm")
def _group_norm(
    e: Emitter, x: Value, weight: Value | None = None, bias: Value | None = None, *, num_groups: int, eps: float
) -> str:
    grouped = e.reshape(x, (x.shape[0], num_groups, x.shape[1] // num_groups * product(x.shape[2:])))
    ones, zeros = (_filled(e, x, (num_groups,), v) for v in (1, 0))
    result = e("InstanceNormalization", grouped, ones, zeros, epsilon=eps)
    return _affine(e, e.reshape(result, x.shape), x.rank, weight, bias)


@writes("layer_norm")
def _layer_norm(
    e: Emitter,
    x: Value,
    weight: Value | None = None,
    bias: Value | None = None,
    *,
    normalized_shape: Shape,
    eps: float,
) -> str:
    scale = weight or _filled(e, x, normalized_shape, 1)
    return e("LayerNormalization", x, scale, bias, axis=-len(normalized_shape), epsilon=eps)


@writes("rms_norm")
def _rms_norm(e: Emitter, x: Value, weight: Value | None = None, *, normalized_shape: Shape, eps: float | None) -> str:
    axes = list(range(x.rank - len(normalized_shape), x.rank))
    least = float(np.finfo(np.float64 if x.dtype.value == "float64" else np.float32).eps) if eps is None else eps
    mean = e.reduce("ReduceMean", e("Mul", x, x), axes)
    result = e("Div", x, e("Sqrt", e("Add", mean, e.number(least, x.dtype))))
    return result if weight is None else e("Mul", result, weight)


@writes("local_response_norm")
def _local_response_norm(e: Emitter, x: Value, *, size: int, alpha: float, beta: float, k: float) -> str:
    if x.rank == 4 and size % 2:
        return e("LRN", x, size=size, alpha=alpha, beta=beta, bias=k)
    # Of an even size ONNX has one channel more behind, torch one more in front: the sum is written out.
    channels: Size = x.shape[1]
    count = e.known(channels)
    before, after = min(size // 2, count), min((size - 1) // 2, count)
    edges = [0, before, *[0] * (x.rank - 2), 0, after, *[0] * (x.rank - 2)]
    squares = e("Pad", e("Mul", x, x), e.ints(edges), e.number(0, x.dtype))
    parts = [e.slice(squares, 1, first, first + count) for first in range(before + after + 1)]
    mean = e("Mul", e.chain("Add", parts), e.number(alpha / size, x.dtype))
    return e("Div", x, e("Pow", e("Add", mean, e.number(k, x.dtype)), e.number(beta, x.dtype)))


@writes("normalize")
def _normalize(e: Emitter, x: Value, *, p: float, dim: int, eps: float) -> str:
    axes = [dimension(dim, x.rank)] if x.rank else []
    size = e("Abs", x)
    if p == 2 and axes:
        norm = e.reduce("ReduceL2", size, axes)
    elif p in (1, 2):
        norm = e.reduce("ReduceSum", size, axes)
    elif math.isinf(p):
        norm = e.reduce("ReduceMax" if p > 0 else "ReduceMin", size, axes)
    elif p == 0:
        there = e("Greater", size, e.number(0, x.dtype))
        norm = e.reduce("ReduceSum", e.cast(there, x.dtype), axes)
    else:
        total = e.reduce("ReduceSum", e("Pow", size, e.number(p, x.dtype)), axes)
        norm = e("Pow", total, e.number(1 / p, x.dtype))
    return e("Div", x, e("Max", norm, e.number(eps, x.dtype)))
