"""Convolution, linear and normalization."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from mcore.convert.from_torch.table import direct, maps, repeated, whole
from mcore.convert.recorder import Recorder, Value


def _convolved(
    recorder: Recorder, op: str, input: Value, weight: Value, bias: Value | None, **attributes: Any
) -> Value:
    """A convolution; of an input without a batch as of a batch of one."""
    if input.rank == weight.rank:
        return recorder.emit(op, [input, weight, bias], **attributes)
    batch = recorder.emit("unsqueeze", [input], dim=0)
    return recorder.emit("squeeze", [recorder.emit(op, [batch, weight, bias], **attributes)], dim=(0,))


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
            spread = [d * (k - 1) for k, d in zip(kernel, repeated(dilation, len(kernel)), strict=True)]
            padding = tuple(n // 2 for n in spread)
            if any(n % 2 for n in spread):  # torch puts the odd column or row at the end
                widths = [w for n in reversed(spread) for w in (0, n % 2)]
                input = recorder.emit("pad", [input], pad=widths)
        window = {"stride": stride, "padding": padding, "dilation": dilation}
        return _convolved(recorder, op, input, weight, bias, **window, groups=groups)

    return mapping


def _transposed(op: str) -> Any:
    def mapping(
        recorder: Recorder,
        input: Value,
        weight: Value,
        bias: Value | None = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Value:
        window = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
        return _convolved(recorder, op, input, weight, bias, **window, groups=groups)

    return mapping


for _rank in (1, 2, 3):
    maps(f"conv{_rank}d")(_convolution(f"conv{_rank}d"))
    maps(f"conv_transpose{_rank}d")(_transposed(f"conv_transpose{_rank}d"))
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
    if training and running_mean is not None:
        recorder.refuse("batch_norm moves its running statistics; it needs evaluation mode")
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
direct("rms_norm", F.rms_norm, torch.rms_norm)
direct("local_response_norm", F.local_response_norm)
direct("group_norm", F.group_norm)
direct("normalize", F.normalize)
