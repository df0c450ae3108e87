"""Attention, alone and with its projections."""

from __future__ import annotations

from typing import Any

from torch.nn import functional as F

from mcore.convert.from_torch.table import maps, whole
from mcore.convert.recorder import Recorder, Value
from mcore.platform.dtypes import DType


@maps("scaled_dot_product_attention")
def attention(
    recorder: Recorder,
    query: Value,
    key: Value,
    value: Value,
    attn_mask: Value | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Value:
    if dropout_p or enable_gqa:
        recorder.refuse("scaled_dot_product_attention with dropout or grouped queries has no op of the Platform")
    return recorder.emit(
        "scaled_dot_product_attention", [query, key, value, attn_mask], is_causal=is_causal, scale=scale
    )


#: What these arguments of ``multi_head_attention_forward`` must be, as ``nn.MultiheadAttention`` has them in evaluation.
_REQUIRED = {
    "bias_k": None,
    "bias_v": None,
    "add_zero_attn": False,
    "key_padding_mask": None,
    "static_k": None,
    "static_v": None,
    "training": False,
    "is_causal": False,
}


@maps(F.multi_head_attention_forward)
def multi_head_attention(
    recorder: Recorder,
    query: Value,
    key: Value,
    value: Value,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Value | None,
    in_proj_bias: Value | None,
    bias_k: Value | None,
    bias_v: Value | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Value,
    out_proj_bias: Value | None,
    training: bool = True,
    key_padding_mask: Value | None = None,
    need_weights: bool = True,
    attn_mask: Value | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Value | None = None,
    k_proj_weight: Value | None = None,
    v_proj_weight: Value | None = None,
    static_k: Value | None = None,
    static_v: Value | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Value, Value | None]:
    """Taken apart into projections and attention; inputs are (L, N, E) or (L, E)."""
    given = locals()
    for name, wanted in _REQUIRED.items():
        if given[name] is not wanted:
            recorder.refuse(f"multi_head_attention_forward with {name} has no op of the Platform")
    tokens = [v if v.rank == 3 else recorder.emit("unsqueeze", [v], dim=1) for v in (query, key, value)]
    separate = [q_proj_weight, k_proj_weight, v_proj_weight]
    weights = separate if use_separate_proj_weight else _parts(recorder, in_proj_weight)
    projected = [
        recorder.emit("linear", [v, w, b])
        for v, w, b in zip(tokens, weights, _parts(recorder, in_proj_bias), strict=True)
    ]
    heads = [_heads(recorder, v, num_heads) for v in projected]  # (N, heads, L, E / heads)
    mask = None if attn_mask is None else _mask(recorder, attn_mask, heads[0])
    mixed = recorder.emit("scaled_dot_product_attention", [*heads, mask])
    length, batch, width = projected[0].type.shape
    merged = recorder.emit(
        "reshape", [recorder.emit("permute", [mixed], dims=(2, 0, 1, 3))], shape=(length, batch, width)
    )
    result = recorder.emit("linear", [merged, out_proj_weight, out_proj_bias])
    if query.rank == 2:
        result = recorder.emit("squeeze", [result], dim=(1,))
    if not need_weights:
        return result, None
    return result, _weights(recorder, heads, mask, average_attn_weights, batched=query.rank == 3)


def _parts(recorder: Recorder, joined: Value | None) -> list[Value | None]:
    """Weights or biases of query, key and value from one tensor."""
    return [None] * 3 if joined is None else list(recorder.emit_all("chunk", [joined], chunks=3, dim=0))


def _heads(recorder: Recorder, value: Value, count: int) -> Value:
    length, batch, width = value.type.shape
    split = recorder.emit("reshape", [value], shape=(length, batch, count, width // count))
    return recorder.emit("permute", [split], dims=(1, 2, 0, 3))


def _mask(recorder: Recorder, mask: Value, heads: Value) -> Value:
    """The mask, (L, S) or (N * heads, L, S), as what is added: ``True`` means here that a key is left out."""
    if mask.type.dtype is DType.BOOL:
        mask = recorder.emit("logical_not", [mask])
    if mask.rank == 3:
        mask = recorder.emit("reshape", [mask], shape=(*heads.type.shape[:2], *mask.type.shape[1:]))
    return mask


def _weights(recorder: Recorder, heads: list[Value], mask: Value | None, average: bool, batched: bool) -> Value:
    query, key, _ = heads
    scaled = recorder.emit("mul", [query], other=whole(recorder, query.type.shape[-1], "the width of a head") ** -0.5)
    scores: Any = recorder.emit("matmul", [scaled, recorder.emit("transpose", [key], dim0=-2, dim1=-1)])
    if mask is not None and mask.type.dtype is DType.BOOL:
        scores = recorder.emit("where", [mask, scores], other=float("-inf"))
    elif mask is not None:
        scores = recorder.emit("add", [scores, mask])
    weights = recorder.emit("softmax", [scores], dim=-1)
    if average:
        weights = recorder.emit("mean", [weights], dim=(1,))
    return weights if batched else recorder.emit("squeeze", [weights], dim=(0,))
