"""The way back from max pooling: values at the places that they were taken from, zeros elsewhere."""

from __future__ import annotations

from math import prod

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import Shape, check_equal, check_not_negative, check_positive, check_rank

Ints = tuple[int, ...]


def _infer(
    x: TensorType,
    indices: TensorType,
    *,
    kernel_size: Shape,
    stride: Shape | None,
    padding: Shape,
    output_size: Shape | None,
) -> tuple[TensorType, ...]:
    """``x``, (N, C, ...) or (C, ...), with ``output_size`` for its last dimensions."""
    rank = len(kernel_size)
    check_rank("x", x, rank + 1, rank + 2)
    check_rank("indices", indices, len(x.shape))
    if indices.dtype is not DType.INT64:
        raise ShapeError(f"indices must be int64, it is {indices.dtype}")
    for size, wanted in zip(indices.shape, x.shape, strict=True):
        check_equal("a dimension of indices", size, wanted)
    check_positive(kernel_size=kernel_size, stride=stride or kernel_size)
    check_not_negative(padding=padding)
    usual = _usual_size(x.shape[-rank:], kernel_size, stride or kernel_size, padding)
    for size, least, step in zip(output_size or (), usual, stride or kernel_size, strict=False):
        if isinstance(size, int) and isinstance(least, int) and isinstance(step, int) and abs(size - least) >= step:
            raise ShapeError(f"output_size {size} must be within {step} of {least}")
    result = output_size or usual
    check_positive(output=result)
    return (TensorType(x.dtype, (*x.shape[:-rank], *result)),)


def _usual_size(size: Shape, kernel: Shape, stride: Shape, padding: Shape) -> Shape:
    return tuple((n - 1) * s - 2 * p + k for n, k, s, p in zip(size, kernel, stride, padding, strict=True))


def _attributes(kind: str) -> tuple[Attribute, ...]:
    return (
        Attribute("kernel_size", f"size_{kind}"),
        Attribute("stride", f"size_{kind}?", None),
        Attribute("padding", f"size_{kind}", 0),
        Attribute("output_size", f"size_{kind}?", None),
    )


@op("max_unpool1d", inputs=("x", "indices"), infer=_infer, attributes=_attributes("single"))
@op("max_unpool2d", inputs=("x", "indices"), infer=_infer, attributes=_attributes("pair"))
@op("max_unpool3d", inputs=("x", "indices"), infer=_infer, attributes=_attributes("triple"))
def max_unpool(
    x: np.ndarray,
    indices: np.ndarray,
    *,
    kernel_size: Ints,
    stride: Ints | None,
    padding: Ints,
    output_size: Ints | None,
) -> np.ndarray:
    """The values of ``x`` at ``indices``, as max pooling gives them, in zeros of ``output_size`` (by default the smallest).

    Where two values have one place, the last counts.

    Raises:
        GraphError: an index is outside of the result.
    """
    outer, inner = x.shape[: -len(kernel_size)], x.shape[-len(kernel_size) :]
    usual = _usual_size(inner, kernel_size, stride or kernel_size, padding)
    size = output_size or tuple(int(n) for n in usual)  # type: ignore[arg-type]
    flat = np.zeros((*outer, prod(size)), x.dtype)
    places = indices.reshape(*outer, prod(inner))
    if places.size and not 0 <= places.min() <= places.max() < flat.shape[-1]:
        raise GraphError(f"an index is outside 0..{flat.shape[-1] - 1}")
    np.put_along_axis(flat, places, x.reshape(places.shape), -1)
    return flat.reshape(*outer, *size)
