"""Convolution, linear, normalization and pooling."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from mcore.convert.from_torch.table import direct, maps, whole
from mcore.convert.recorder import Recorder, Value
from mcore.platform.dims import Expr


def _pair(value: Any, length: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,) * length


def _convolution(op: str) -> Any:
    def mapping(
        recorder: Recorder,
        input: Value,
        weight: Value,
        bias: Value | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Value:
        kernel = [whole(recorder, n, "the kernel") for n in weight.type.shape[2:]]
        if padding == "valid":
            padding = 0
        elif padding == "same":
            spread = [d * (k - 1) for k, d in zip(kernel, _pair(dilation, len(kernel)), strict=True)]
            padding = tuple(n // 2 for n in spread)
            if any(n % 2 for n in spread):  # torch puts the odd column or row at the end
                widths = [w for n in reversed(spread) for w in (0, n % 2)]
                input = recorder.emit("pad", [input], pad=widths)
        return recorder.emit(
            op, [input, weight, bias], stride=stride, padding=padding, dilation=dilation, groups=groups
        )

    return mapping


for _op in ("conv1d", "conv2d"):
    maps(_op)(_convolution(_op))
direct("conv_transpose2d")
direct("linear", F.linear)


@maps("matmul", "bmm", "mm", "mv", torch.Tensor.__matmul__)
def matmul(recorder: Recorder, input: Value, other: Value) -> Value:
    return recorder.emit("matmul", [input, other])


@maps(torch.Tensor.__rmatmul__)
def rmatmul(recorder: Recorder, input: Value, other: Value) -> Value:
    return recorder.emit("matmul", [other, input])


@maps(F.batch_norm)
def batch_norm(
    recorder: Recorder,
    input: Value,
    running_mean: Value | None,
    running_var: Value | None,
    weight: Value | None = None,
    bias: Value | None = None,
    training: bool = False,
    momentum: float | None = 0.1,
    eps: float = 1e-5,
) -> Value:
    if training or running_mean is None:
        recorder.refuse("batch_norm takes the statistics of its batch; it needs running statistics and evaluation mode")
    return recorder.emit("batch_norm", [input, running_mean, running_var, weight, bias], eps=eps)


@maps(F.instance_norm)
def instance_norm(
    recorder: Recorder,
    input: Value,
    running_mean: Value | None = None,
    running_var: Value | None = None,
    weight: Value | None = None,
    bias: Value | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Value:
    statistics = [None, None] if use_input_stats else [running_mean, running_var]
    return recorder.emit("instance_norm", [input, *statistics, weight, bias], use_input_stats=use_input_stats, eps=eps)


direct("layer_norm", F.layer_norm)
direct("group_norm", F.group_norm)
direct("normalize", F.normalize)


@maps(F.max_pool2d, torch.max_pool2d)
def max_pool2d(
    recorder: Recorder,
    input: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Value:
    if return_indices:
        recorder.refuse("max_pool2d with return_indices has no op of the Platform")
    return recorder.emit(
        "max_pool2d",
        [input],
        kernel_size=kernel_size,
        stride=stride or None,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
    )


direct("avg_pool2d", F.avg_pool2d)


def _adaptive(op: str) -> Any:
    def mapping(recorder: Recorder, input: Value, output_size: Any, return_indices: bool = False) -> Value:
        if return_indices:
            recorder.refuse(f"{op} with return_indices has no op of the Platform")
        wanted = _pair(output_size, 2)
        own: tuple[int | Expr, ...] = input.type.shape[-2:]
        sizes = tuple(n if n is not None else size for n, size in zip(wanted, own, strict=True))
        return recorder.emit(op, [input], output_size=sizes)

    return mapping


for _op in ("adaptive_avg_pool2d", "adaptive_max_pool2d"):
    maps(getattr(F, _op))(_adaptive(_op))
