"""Pooling to a given size, over the last one, two or three dimensions of ``(N, C, ...)`` or ``(C, ...)``.

Bin ``i`` of ``n`` covers ``floor(i * size / n)`` to ``ceil((i + 1) * size / n)``, on each dimension by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import Shape, check_floating, check_not_negative, check_positive, check_rank

Ints = tuple[int, ...]


def _infer_avg(x: TensorType, *, output_size: Shape) -> tuple[TensorType, ...]:
    """``x``, (N, C, ...) or (C, ...), with ``output_size`` for its last dimensions."""
    check_floating("x", x)
    return _infer_max(x, output_size=output_size, return_indices=False)


def _infer_max(x: TensorType, *, output_size: Shape, return_indices: bool) -> tuple[TensorType, ...]:
    """``x``, (N, C, ...) or (C, ...), with ``output_size`` for its last dimensions; indices in int64."""
    rank = len(output_size)
    check_rank("x", x, rank + 1, rank + 2)
    check_not_negative(output_size=output_size)
    check_positive(x=x.shape[-rank:])
    if x.dtype is DType.BOOL:
        raise ShapeError("x must be a number type, it is bool")
    shape = (*x.shape[:-rank], *output_size)
    values = TensorType(x.dtype, shape)
    return (values, TensorType(DType.INT64, shape)) if return_indices else (values,)


def _bins(size: int, count: int) -> list[slice]:
    return [slice(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def _by_dimension(x: np.ndarray, output_size: Ints, reduce: Callable[[np.ndarray, int], np.ndarray]) -> np.ndarray:
    """``reduce`` of each bin, one dimension after the other."""
    for axis, count in enumerate(output_size, start=x.ndim - len(output_size)):
        result = np.empty(
            (*x.shape[:axis], count, *x.shape[axis + 1 :]), np.float64 if x.dtype.kind == "f" else x.dtype
        )
        for index, part in enumerate(_bins(x.shape[axis], count)):
            leading: tuple[Any, ...] = (slice(None),) * axis
            result[(*leading, index)] = reduce(x[(*leading, part)], axis)
        x = result
    return x


@op("adaptive_avg_pool1d", inputs=("x",), infer=_infer_avg, attributes=(Attribute("output_size", "size_single"),))
@op("adaptive_avg_pool2d", inputs=("x",), infer=_infer_avg, attributes=(Attribute("output_size", "size_pair"),))
@op("adaptive_avg_pool3d", inputs=("x",), infer=_infer_avg, attributes=(Attribute("output_size", "size_triple"),))
def adaptive_avg_pool(x: np.ndarray, *, output_size: Ints) -> np.ndarray:
    """Mean of each of ``output_size`` bins that cover ``x`` and may overlap, taken in float64."""
    return _by_dimension(x, output_size, lambda values, axis: values.mean(axis, dtype=np.float64)).astype(x.dtype)


def _max_attributes(kind: str) -> tuple[Attribute, ...]:
    return (Attribute("output_size", f"size_{kind}"), Attribute("return_indices", "bool", False))


@op("adaptive_max_pool1d", inputs=("x",), infer=_infer_max, attributes=_max_attributes("single"))
@op("adaptive_max_pool2d", inputs=("x",), infer=_infer_max, attributes=_max_attributes("pair"))
@op("adaptive_max_pool3d", inputs=("x",), infer=_infer_max, attributes=_max_attributes("triple"))
def adaptive_max_pool(
    x: np.ndarray, *, output_size: Ints, return_indices: bool
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """Largest value of each of ``output_size`` bins that cover ``x`` and may overlap; NaN where a bin has one.

    With ``return_indices`` also where it was, as ``max_pool2d`` has it.
    """
    values = _by_dimension(x, output_size, lambda values, axis: values.max(axis)).astype(x.dtype)
    if not return_indices:
        return values
    size = x.shape[-len(output_size) :]
    bins = [_bins(n, count) for n, count in zip(size, output_size, strict=True)]
    places, where = np.arange(np.prod(size)).reshape(size), np.empty(values.shape, np.int64)
    for index in np.ndindex(*output_size):
        part = tuple(b[i] for b, i in zip(bins, index, strict=True))
        choice = places[part].reshape(-1)
        found = x[(..., *part)].reshape(*values.shape[: -len(size)], choice.size)
        where[(..., *index)] = choice[_largest(found)]
    return values, where


def _largest(values: np.ndarray) -> np.ndarray:
    """Where the largest value of each row is: the first of equal ones, of NaN the last."""
    isnan = np.isnan(values)
    last = values.shape[-1] - 1 - isnan[..., ::-1].argmax(-1)
    return np.where(isnan.any(-1), last, values.argmax(-1))
