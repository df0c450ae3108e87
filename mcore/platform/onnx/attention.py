"""Attention, written out: opset 20 has no operator for it."""

from __future__ import annotations

import math

from mcore.platform.dtypes import DType
from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import Value, writes


@writes("scaled_dot_product_attention")
def _attention(
    e: Emitter,
    query: Value,
    key: Value,
    value: Value,
    attn_mask: Value | None = None,
    *,
    is_causal: bool,
    scale: float | None,
) -> str:
    """A query that no key takes part for gives zeros, where softmax alone would give NaN."""
    factor = e.known(query.shape[-1]) ** -0.5 if scale is None else scale
    order = [*range(key.rank - 2), key.rank - 1, key.rank - 2]
    scores = e("MatMul", e("Mul", query, e.number(factor, query.dtype)), e.transpose(key, order))
    nothing = e.number(-math.inf, query.dtype)
    if is_causal:
        rows, columns = e.range(query.shape[-2]), e.range(key.shape[-2])
        seen = e("GreaterOrEqual", e("Unsqueeze", rows, e.ints([1])), columns)
        return e("MatMul", e("Softmax", e.where(seen, scores, nothing), axis=-1), value)
    if attn_mask is None:
        return e("MatMul", e("Softmax", scores, axis=-1), value)
    boolean = attn_mask.dtype is DType.BOOL
    scores = e.where(attn_mask, scores, nothing) if boolean else e("Add", scores, attn_mask)
    blind = e("Equal", e.reduce("ReduceMax", scores, [-1]), nothing)
    weights = e.where(blind, e.number(0, query.dtype), e("Softmax", scores, axis=-1))
    return e("MatMul", weights, value)
