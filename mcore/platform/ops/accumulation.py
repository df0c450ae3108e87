"""Running products and extremes along a dimension; the running sum stands with the sums."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from mcore.platform.ops.reduction import summed
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import dimension

_DIM = Attribute("dim", "int")


def _infer_cumprod(x: TensorType, *, dim: int) -> tuple[TensorType, ...]:
    dimension(dim, len(x.shape))
    return (TensorType(summed(x.dtype), x.shape),)


@op("cumprod", inputs=("x",), infer=_infer_cumprod, attributes=(_DIM,))
def cumprod(x: np.ndarray, *, dim: int) -> np.ndarray:
    """Product of the elements up to and with each, along ``dim``; of integers and bool in int64."""
    wide = np.float64 if np.issubdtype(x.dtype, np.floating) else np.int64
    result = np.cumprod(np.atleast_1d(x), dim, dtype=wide)
    return result.reshape(x.shape).astype(summed(DType.of(x)).numpy)


def _infer_extremes(x: TensorType, *, dim: int) -> tuple[TensorType, ...]:
    dimension(dim, len(x.shape))
    return x, TensorType(DType.INT64, x.shape)


def _running(name: str, join: np.ufunc, reaches: Callable[..., np.ndarray], doc: str) -> None:
    def kernel(x: np.ndarray, *, dim: int) -> tuple[np.ndarray, np.ndarray]:
        row = np.moveaxis(np.atleast_1d(x), dim, -1)
        best = join.accumulate(row, -1)
        new = reaches(row, best) | np.isnan(row)
        indices = np.maximum.accumulate(np.where(new, np.arange(row.shape[-1]), 0), -1)
        return tuple(np.moveaxis(a, -1, dim).reshape(x.shape) for a in (best, indices))  # type: ignore[return-value]

    kernel.__doc__ = doc
    op(name, inputs=("x",), infer=_infer_extremes, attributes=(_DIM,))(kernel)


_running(
    "cummax",
    np.maximum,
    np.greater_equal,
    "The largest element up to and with each along ``dim``, and in int64 the index of its last occurrence so far.",
)
_running(
    "cummin",
    np.minimum,
    np.less_equal,
    "The smallest element up to and with each along ``dim``, and in int64 the index of its last occurrence so far.",
)
