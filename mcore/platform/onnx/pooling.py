"""Pooling over windows."""

from __future__ import annotations

from functools import reduce

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import NoForm, Value, writes
from mcore.platform.ops.rules import Shape, product

Ints = tuple[int, ...]


def batched(e: Emitter, x: Value, spatial: int) -> Value:
    """``x`` with a batch, of one where it has none."""
    if x.rank == spatial + 2:
        return x
    return Value(e("Unsqueeze", x, e.ints([0])), TensorType(x.dtype, (1, *x.shape)))


def unbatched(e: Emitter, name: str, x: Value, spatial: int) -> str:
    """``name`` without the batch that ``x`` had not."""
    return name if x.rank == spatial + 2 else e("Squeeze", name, e.ints([0]))


def check_pooled(x: Value, *others: DType) -> None:
    """Raise unless ``x`` is floating, or of one of the types that ONNX pools besides."""
    if not x.dtype.is_floating and x.dtype not in others:
        raise NoForm(f"ONNX does not pool {x.dtype.value}")


def _overhang(e: Emitter, x: Value, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints) -> Ints:
    """How far the last window hangs over the padded end, on each axis: what ``ceil_mode`` adds."""
    rank = len(kernel)
    counts = [e.known(s) for s in e.out[0].shape[-rank:]]
    sizes = [e.known(s) for s in x.shape[-rank:]]
    return tuple(
        max(0, (c - 1) * s + d * (k - 1) + 1 - n - 2 * p)
        for c, n, k, s, p, d in zip(counts, sizes, kernel, stride, padding, dilation, strict=True)
    )


def _numbers(e: Emitter, *tuples: Shape) -> list[Ints]:
    return [tuple(e.known(size) for size in sizes) for sizes in tuples]


@writes("max_pool1d", "max_pool2d", "max_pool3d")
def _max_pool(
    e: Emitter,
    x: Value,
    *,
    kernel_size: Shape,
    stride: Shape | None,
    padding: Shape,
    dilation: Ints,
    ceil_mode: bool,
    return_indices: bool,
) -> str | tuple[str, ...]:
    check_pooled(x, DType.INT8, DType.UINT8)
    kernel, steps, pads = _numbers(e, kernel_size, stride or kernel_size, padding)
    extra = _overhang(e, x, kernel, steps, pads, dilation) if ceil_mode else (0,) * len(kernel)
    values, places = e.several(
        "MaxPool",
        2,
        batched(e, x, len(kernel)),
        kernel_shape=list(kernel),
        strides=list(steps),
        pads=[*pads, *(p + o for p, o in zip(pads, extra, strict=True))],
        dilations=list(dilation),
    )
    if not return_indices:
        e.nodes[-1].output.pop()
        return unbatched(e, values, x, len(kernel))
    # ONNX counts over the whole tensor, the Platform within each map.
    within = e("Mod", places, e.number(product(x.shape[-len(kernel) :]), DType.INT64))
    return unbatched(e, values, x, len(kernel)), unbatched(e, within, x, len(kernel))


@writes("avg_pool1d", "avg_pool2d", "avg_pool3d")
def _avg_pool(
    e: Emitter,
    x: Value,
    *,
    kernel_size: Shape,
    stride: Shape | None,
    padding: Shape,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None = None,
) -> str:
    check_pooled(x)
    kernel, steps, pads = _numbers(e, kernel_size, stride or kernel_size, padding)
    spatial = len(kernel)
    extra = _overhang(e, x, kernel, steps, pads, (1,) * spatial) if ceil_mode else (0,) * spatial
    value = batched(e, x, spatial)
    if not any(extra):
        counted = int(count_include_pad or divisor_override is not None)
        both = [*pads, *pads]
        size, step = list(kernel), list(steps)
        mean = e("AveragePool", value, kernel_shape=size, strides=step, pads=both, count_include_pad=counted)
        if divisor_override is not None:
            mean = e("Mul", mean, e.number(float(np.prod(kernel)) / divisor_override, x.dtype))
        return unbatched(e, mean, x, spatial)
    return unbatched(e, _hanging(e, value, kernel, steps, pads, extra, count_include_pad, divisor_override), x, spatial)


def _hanging(
    e: Emitter,
    x: Value,
    kernel: Ints,
    stride: Ints,
    padding: Ints,
    extra: Ints,
    count_include_pad: bool,
    divisor: int | None,
) -> str:
    """Means of windows that hang over: sums, divided by how many elements count, which differs from window to window."""
    ends = [p + o for p, o in zip(padding, extra, strict=True)]
    padded = e("Pad", x, e.ints([0, 0, *padding, 0, 0, *ends]), e.number(0, x.dtype))
    mean = e("AveragePool", padded, kernel_shape=list(kernel), strides=list(stride))
    covered = []
    for n, k, s, p, o in zip(map(e.known, x.shape[2:]), kernel, stride, padding, extra, strict=True):
        start = np.arange((n + 2 * p + o - k) // s + 1) * s - p
        counted = p if count_include_pad else 0
        covered.append(np.minimum(start + k, n + counted) - np.maximum(start, -counted))
    count = reduce(np.multiply.outer, covered) if divisor is None else np.array(divisor)
    return e("Mul", mean, e.const((np.prod(kernel) / count).astype(x.dtype.numpy)))
