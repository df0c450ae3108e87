"""Convolutions and transposed ones."""

from __future__ import annotations

from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import NoForm, Value, writes
from mcore.platform.ops.rules import Shape

Ints = tuple[int, ...]


@writes("conv1d", "conv2d", "conv3d")
def _convolution(
    e: Emitter,
    x: Value,
    weight: Value,
    bias: Value | None = None,
    *,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    groups: int,
) -> str:
    pads = [*padding, *padding]
    return e("Conv", x, weight, bias, strides=list(stride), pads=pads, dilations=list(dilation), group=groups)


@writes("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _transposed(
    e: Emitter,
    x: Value,
    weight: Value,
    bias: Value | None = None,
    *,
    stride: Ints,
    padding: Ints,
    output_padding: Shape,
    groups: int,
    dilation: Ints,
) -> str:
    extra = [e.known(size) for size in output_padding]
    for size, step in zip(extra, stride, strict=True):
        if size >= step:
            raise NoForm(f"output_padding {size} is not smaller than the stride {step}")
    return e(
        "ConvTranspose",
        x,
        weight,
        bias,
        strides=list(stride),
        pads=[*padding, *padding],
        output_padding=extra,
        dilations=list(dilation),
        group=groups,
    )
