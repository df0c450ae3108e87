"""Matrix products."""

from __future__ import annotations

import numpy as np

from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import op
from mcore.platform.ops.rules import broadcast, check_equal, check_rank


def _check_types(x: TensorType, other: TensorType, name: str) -> None:
    if other.dtype is not x.dtype:
        raise ShapeError(f"{name} is {other.dtype}, x is {x.dtype}")


def _infer_linear(x: TensorType, weight: TensorType, bias: TensorType | None) -> tuple[TensorType, ...]:
    check_rank("weight", weight, 2)
    if not x.shape:
        raise ShapeError("x must have a dimension")
    _check_types(x, weight, "weight")
    check_equal("the last dimension of x", x.shape[-1], weight.shape[1])
    if bias is not None:
        check_rank("bias", bias, 1)
        _check_types(x, bias, "bias")
        check_equal("the size of bias", bias.shape[0], weight.shape[0])
    return (TensorType(x.dtype, (*x.shape[:-1], weight.shape[0])),)


@op("linear", inputs=("x", "weight", "bias?"), infer=_infer_linear)
def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """``x`` (..., I) times the transpose of ``weight`` (O, I), plus ``bias`` (O,): (..., O)."""
    product = x @ weight.T
    return product if bias is None else product + bias


def _infer_matmul(x: TensorType, other: TensorType) -> tuple[TensorType, ...]:
    if not x.shape or not other.shape:
        raise ShapeError("both operands must have a dimension")
    _check_types(x, other, "other")
    check_equal("the last dimension of x", x.shape[-1], other.shape[-2 if len(other.shape) > 1 else 0])
    batch = broadcast(x.shape[:-2], other.shape[:-2])
    return (TensorType(x.dtype, (*batch, *x.shape[-2:-1], *(other.shape[-1:] if len(other.shape) > 1 else ()))),)


@op("matmul", inputs=("x", "other"), infer=_infer_matmul)
def matmul(x: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Product over the last two dimensions, the others broadcast; a vector is a row on the left, a column on the right."""
    return np.matmul(x, other)
