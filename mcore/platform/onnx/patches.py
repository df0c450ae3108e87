"""Patches as columns and back: convolutions whose kernels pick one element each."""

from __future__ import annotations

import numpy as np

from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import NoForm, Value, writes
from mcore.platform.ops.rules import Shape
from mcore.platform.ops.windows import window_count

Pair = tuple[int, int]


def _picking(e: Emitter, x: Value, channels: int, kernel: Pair) -> str:
    """Weights (channels * taps, 1, kernel): for each channel one output a tap."""
    if not x.dtype.is_floating:
        raise NoForm(f"ONNX convolves floating values, x is {x.dtype.value}")
    taps = kernel[0] * kernel[1]
    return e.const(np.tile(np.eye(taps, dtype=x.dtype.numpy).reshape(taps, 1, *kernel), (channels, 1, 1, 1)))


@writes("unfold")
def _unfold(e: Emitter, x: Value, *, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair) -> str:
    channels = e.known(x.shape[-3])
    batched = x.name if x.rank == 4 else e("Unsqueeze", x, e.ints([0]))
    columns = e(
        "Conv",
        batched,
        _picking(e, x, channels, kernel_size),
        strides=list(stride),
        pads=[*padding, *padding],
        dilations=list(dilation),
        group=channels,
    )
    return e.reshape(columns, e.out[0].shape)


@writes("fold")
def _fold(
    e: Emitter, x: Value, *, output_size: Shape, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair
) -> str:
    size = [e.known(s) for s in output_size]
    counts = [e.known(window_count(*a)) for a in zip(size, kernel_size, stride, padding, dilation, strict=True)]
    rows = e.known(x.shape[-2])
    channels = rows // (kernel_size[0] * kernel_size[1])
    spans = [
        (n - 1) * s - 2 * p + d * (k - 1) + 1
        for n, s, p, d, k in zip(counts, stride, padding, dilation, kernel_size, strict=True)
    ]
    image = e(
        "ConvTranspose",
        e.reshape(x, (-1 if x.rank == 3 else 1, rows, *counts)),
        _picking(e, x, channels, kernel_size),
        strides=list(stride),
        pads=[*padding, *padding],
        dilations=list(dilation),
        output_padding=[n - span for n, span in zip(size, spans, strict=True)],
        group=channels,
    )
    return e.reshape(image, e.out[0].shape)


@writes("tensor_unfold")
def _windows(e: Emitter, x: Value, *, dimension: int, size: int, step: int) -> str:
    axis = dimension % x.rank
    starts = e("Unsqueeze", e.range(e.out[0].shape[axis], step), e.ints([1]))
    picked = e("Gather", x, e("Add", starts, e.range(size)), axis=axis)
    order = [d for d in range(x.rank + 1) if d != axis + 1]
    return e.transpose(picked, [*order, axis + 1])
