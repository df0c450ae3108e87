"""Convolutions over one, two or three dimensions, as cross-correlations of (N, C, ...) with (O, C, ...) weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import (
    Shape,
    Size,
    check_equal,
    check_floating,
    check_not_negative,
    check_positive,
    check_rank,
)
from mcore.platform.ops.windows import tap, window_count

Ints = tuple[int, ...]


def _check(
    x: TensorType, weight: TensorType, bias: TensorType | None, spatial: int, channels: Size, groups: int, **steps: Ints
) -> None:
    """``channels`` is the number that ``x`` must have."""
    check_floating("x", x)
    check_rank("x", x, spatial + 2)
    check_rank("weight", weight, spatial + 2)
    check_positive(weight=weight.shape, groups=[groups], **steps)
    check_equal("the number of channels of x", x.shape[1], channels)
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and value.dtype is not x.dtype:
            raise ShapeError(f"{name} is {value.dtype}, x is {x.dtype}")
    out = weight.shape[0]
    if isinstance(out, int) and out % groups:
        raise ShapeError(f"the weight's first dimension {out} is not a multiple of groups={groups}")


def _check_bias(bias: TensorType | None, channels: Size) -> None:
    if bias is not None:
        check_rank("bias", bias, 1)
        check_equal("the size of bias", bias.shape[0], channels)


def _infer_convolution(
    x: TensorType,
    weight: TensorType,
    bias: TensorType | None,
    *,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    groups: int,
) -> tuple[TensorType, ...]:
    spatial = len(stride)
    check_rank("weight", weight, spatial + 2)
    _check(x, weight, bias, spatial, weight.shape[1] * groups, groups, stride=stride, dilation=dilation)
    _check_bias(bias, weight.shape[0])
    check_not_negative(padding=padding)
    sizes = map(window_count, x.shape[2:], weight.shape[2:], stride, padding, dilation)
    return (TensorType(x.dtype, (x.shape[0], weight.shape[0], *sizes)),)


def _taps_first(weight: np.ndarray, groups: int) -> np.ndarray:
    """``(O, C, *kernel)`` as contiguous ``(*kernel, groups, O / groups, C)``."""
    grouped = weight.reshape(groups, -1, *weight.shape[1:])
    return np.ascontiguousarray(np.moveaxis(grouped, (0, 1, 2), (-3, -2, -1)))


def _accumulator(x: np.ndarray) -> np.dtype:
    """float16 is summed in float32, as devices do; the others in their own type."""
    return np.promote_types(x.dtype, np.float32)


def _add_bias(result: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    return result if bias is None else result + bias.reshape(-1, *[1] * (result.ndim - 2)).astype(result.dtype)


def _window_attributes(kind: str) -> tuple[Attribute, ...]:
    return (
        Attribute("stride", kind, 1),
        Attribute("padding", kind, 0),
        Attribute("dilation", kind, 1),
        Attribute("groups", "int", 1),
    )


_INPUTS = ("x", "weight", "bias?")


@op("conv1d", inputs=_INPUTS, infer=_infer_convolution, attributes=_window_attributes("single"))
@op("conv2d", inputs=_INPUTS, infer=_infer_convolution, attributes=_window_attributes("pair"))
@op("conv3d", inputs=_INPUTS, infer=_infer_convolution, attributes=_window_attributes("triple"))
def convolution(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    groups: int,
) -> np.ndarray:
    """Convolution of ``x`` (N, C, ...) with ``weight`` (O, C / groups, ...), zero padded: (N, O, ...).

    A sum over the taps of the kernel: each is one matrix product of channels on a strided view of the padded input.
    """
    batch, outputs, kernel = x.shape[0], weight.shape[0], weight.shape[2:]
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    sizes = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation, strict=True)]
    result = np.zeros((batch, groups, outputs // groups, int(np.prod(sizes))), _accumulator(x))
    taps = _taps_first(weight, groups).astype(result.dtype, copy=False)
    for index in np.ndindex(kernel):
        columns = x[tap(index, sizes, stride, dilation)].reshape(batch, groups, weight.shape[1], result.shape[-1])
        result += taps[index] @ columns.astype(result.dtype, copy=False)
    result = result.reshape(batch, outputs, *sizes)
    return _add_bias(result, bias).astype(x.dtype, copy=False)


def _transposed_attributes(kind: str) -> tuple[Attribute, ...]:
    return (
        Attribute("stride", kind, 1),
        Attribute("padding", kind, 0),
        Attribute("output_padding", f"size_{kind}", 0),
        Attribute("groups", "int", 1),
        Attribute("dilation", kind, 1),
    )


def _infer_transposed(
    x: TensorType,
    weight: TensorType,
    bias: TensorType | None,
    *,
    stride: Ints,
    padding: Ints,
    output_padding: Shape,
    groups: int,
    dilation: Ints,
) -> tuple[TensorType, ...]:
    spatial = len(stride)
    check_rank("weight", weight, spatial + 2)
    _check(x, weight, bias, spatial, weight.shape[0], groups, stride=stride, dilation=dilation)
    channels = weight.shape[1] * groups
    _check_bias(bias, channels)
    check_not_negative(padding=padding, output_padding=output_padding)
    for extra, step, spread in zip(output_padding, stride, dilation, strict=True):
        if isinstance(extra, int) and extra >= max(step, spread):
            raise ShapeError(f"output_padding {extra} must be smaller than stride or dilation")
    sizes = [
        (n - 1) * s - 2 * p + d * (k - 1) + extra + 1
        for n, k, s, p, d, extra in zip(
            x.shape[2:], weight.shape[2:], stride, padding, dilation, output_padding, strict=True
        )
    ]
    check_positive(output=sizes)
    return (TensorType(x.dtype, (x.shape[0], channels, *sizes)),)


@op("conv_transpose1d", inputs=_INPUTS, infer=_infer_transposed, attributes=_transposed_attributes("single"))
@op("conv_transpose2d", inputs=_INPUTS, infer=_infer_transposed, attributes=_transposed_attributes("pair"))
@op("conv_transpose3d", inputs=_INPUTS, infer=_infer_transposed, attributes=_transposed_attributes("triple"))
def transposed_convolution(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    stride: Ints,
    padding: Ints,
    output_padding: Ints,
    groups: int,
    dilation: Ints,
) -> np.ndarray:
    """Transposed convolution of ``x`` (N, C, ...) with ``weight`` (C, O / groups, ...): every input spreads its kernel.

    ``padding`` is cut off the result on all sides, ``output_padding`` is added at its end.
    """
    batch, channels, *sizes = x.shape
    outputs, *kernel = weight.shape[1:]
    spans = [
        (n - 1) * s + d * (k - 1) + 1 + extra
        for n, k, s, d, extra in zip(sizes, kernel, stride, dilation, output_padding, strict=True)
    ]
    full = np.zeros((batch, groups * outputs, *spans), _accumulator(x))
    columns = x.reshape(batch, groups, channels // groups, int(np.prod(sizes))).astype(full.dtype, copy=False)
    taps = _taps_first(weight, groups).swapaxes(-1, -2).astype(full.dtype, copy=False)
    for index in np.ndindex(*kernel):
        full[tap(index, sizes, stride, dilation)] += (taps[index] @ columns).reshape(batch, groups * outputs, *sizes)
    inside: tuple[Any, ...] = (..., *(slice(p, n - p) for p, n in zip(padding, spans, strict=True)))
    return _add_bias(full[inside], bias).astype(x.dtype, copy=False)
