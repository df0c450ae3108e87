"""Attention."""

from __future__ import annotations

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import broadcast, check_equal, check_floating, describe


def _infer_attention(
    query: TensorType,
    key: TensorType,
    value: TensorType,
    attn_mask: TensorType | None,
    *,
    is_causal: bool,
    scale: float | None,
) -> tuple[TensorType, ...]:
    check_floating("query", query)
    for name, operand in (("query", query), ("key", key), ("value", value)):
        if len(operand.shape) < 2:
            raise ShapeError(f"{name} must have two dimensions or more, it has {describe(operand.shape)}")
        if operand.dtype is not query.dtype:
            raise ShapeError(f"{name} is {operand.dtype}, query is {query.dtype}")
    check_equal("the last dimension of key", key.shape[-1], query.shape[-1])
    check_equal("the length of value", value.shape[-2], key.shape[-2])
    batch = broadcast(query.shape[:-2], key.shape[:-2], value.shape[:-2])
    if attn_mask is not None:
        if is_causal:
            raise ShapeError("attn_mask and is_causal exclude each other")
        if attn_mask.dtype not in (DType.BOOL, query.dtype):
            raise ShapeError(f"attn_mask must be bool or {query.dtype}, it is {attn_mask.dtype}")
        scores = (*batch, query.shape[-2], key.shape[-2])
        broadcast(scores, attn_mask.shape)
        pairs = zip(reversed(scores), reversed(attn_mask.shape), strict=False)
        if len(attn_mask.shape) > len(scores) or any(a == 1 and isinstance(b, int) and b != 1 for a, b in pairs):
            raise ShapeError(
                f"attn_mask of {describe(attn_mask.shape)} does not broadcast to scores of {describe(scores)}"
            )
    return (TensorType(query.dtype, (*batch, query.shape[-2], value.shape[-1])),)


@op(
    "scaled_dot_product_attention",
    inputs=("query", "key", "value", "attn_mask?"),
    infer=_infer_attention,
    attributes=(Attribute("is_causal", "bool", False), Attribute("scale", "float?", None)),
)
def scaled_dot_product_attention(
    query: np.ndarray,
    key: np.ndarray,
    value: np.ndarray,
    attn_mask: np.ndarray | None = None,
    *,
    is_causal: bool,
    scale: float | None,
) -> np.ndarray:
    """``softmax(query @ keyᵀ * scale + mask) @ value`` (Vaswani et al., 2017); ``scale`` is ``1 / sqrt(E)`` by default.

    ``query`` (..., L, E), ``key`` (..., S, E), ``value`` (..., S, V), ``attn_mask`` broadcasts to (..., L, S): bool (True takes
    part) or floating (added). A query that no key takes part for gives zeros.
    """
    wide = np.promote_types(query.dtype, np.float32).type
    factor = wide(query.shape[-1] ** -0.5 if scale is None else scale)
    scores = (query.astype(wide) * factor) @ key.astype(wide).swapaxes(-1, -2)
    if is_causal:
        attn_mask = np.tri(*scores.shape[-2:], dtype=np.bool_)
    if attn_mask is not None:
        scores = scores + (np.where(attn_mask, wide(0), wide(-np.inf)) if attn_mask.dtype == np.bool_ else attn_mask)
    peak = scores.max(-1, keepdims=True, initial=-np.inf)
    exponential = np.exp(scores - np.where(np.isneginf(peak), wide(0), peak))
    total = exponential.sum(-1, keepdims=True)
    weights = exponential / np.where(total == 0, wide(1), total)
    return (weights @ value.astype(wide)).astype(query.dtype)
