"""The way back from max pooling: ONNX's operator counts places otherwise, so values are scattered into each map."""

from __future__ import annotations

from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import Value, writes
from mcore.platform.ops.rules import Shape, product


@writes("max_unpool1d", "max_unpool2d", "max_unpool3d")
def _max_unpool(
    e: Emitter,
    x: Value,
    indices: Value,
    *,
    kernel_size: Shape,
    stride: Shape | None,
    padding: Shape,
    output_size: Shape | None,
) -> str:
    outer, inner = x.shape[: -len(kernel_size)], x.shape[-len(kernel_size) :]
    size = product(e.out[0].shape[-len(kernel_size) :])
    zeros = e("Expand", e.number(0, x.dtype), e.ints((*outer, size)))
    flat = (*outer, product(inner))
    scattered = e("ScatterElements", zeros, e.reshape(indices, flat), e.reshape(x, flat), axis=len(outer))
    return e.reshape(scattered, e.out[0].shape)
