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
_REQUIRED = {"static_k": None, "static_v": None, "training": False}


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
    if bias_k is not None and bias_v is not None:
        projected[1:] = [_extended(recorder, v, b) for v, b in zip(projected[1:], (bias_k, bias_v), strict=True)]
    heads = [_heads(recorder, v, num_heads) for v in projected]  # (N, heads, L, E / heads)
    if add_zero_attn:
        heads[1:] = [recorder.emit("pad", [v], pad=(0, 0, 0, 1)) for v in heads[1:]]
    by_rule = is_causal and key_padding_mask is None and not need_weights  # then torch does not look at the mask
    added = int(bias_k is not None) + int(add_zero_attn)
    mask = None if by_rule else _mask(recorder, attn_mask, key_padding_mask, heads[0], added)
    shares = _weights(recorder, heads, mask) if need_weights else None
    if shares is None:
        mixed = recorder.emit("scaled_dot_product_attention", [*heads, mask], is_causal=by_rule)
    else:
        mixed = recorder.emit("matmul", [shares, heads[2]])
    length, batch, width = projected[0].type.shape
    merged = recorder.emit(
        "reshape", [recorder.emit("permute", [mixed], dims=(2, 0, 1, 3))], shape=(length, batch, width)
    )
    result = recorder.emit("linear", [merged, out_proj_weight, out_proj_bias])
    if query.rank == 2:
        result = recorder.emit("squeeze", [result], dim=(1,))
    if shares is not None and average_attn_weights:
        shares = recorder.emit("mean", [shares], dim=(1,))
    if shares is not None and query.rank == 2:
        shares = recorder.emit("squeeze", [shares], dim=(0,))
    return result, shares


def _parts(recorder: Recorder, joined: Value | None) -> list[Value | None]:
    """Weights or biases of query, key and value from one tensor."""
    return [None] * 3 if joined is None else list(recorder.emit_all("chunk", [joined], chunks=3, dim=0))


def _heads(recorder: Recorder, value: Value, count: int) -> Value:
    length, batch, width = value.type.shape
    split = recorder.emit("reshape", [value], shape=(length, batch, count, width // count))
    return recorder.emit("permute", [split], dims=(1, 2, 0, 3))


def _extended(recorder: Recorder, value: Value, bias: Value) -> Value:
    """(L, N, E) with one more token, the same in all of the batch."""
    row = recorder.emit("expand", [bias], size=(1, *value.type.shape[1:]))
    return recorder.emit("cat", [value, row], dim=0)


def _mask(recorder: Recorder, mask: Value | None, padding: Value | None, heads: Value, added: int) -> Value | None:
    """What is added to the scores, or where keys take part: from a mask (L, S) or (N * heads, L, S), and one of keys, (N, S).

    In those ``True`` means that a key is left out. ``added`` keys that no mask names take part.
    """
    if mask is not None and mask.rank == 3:
        mask = recorder.emit("reshape", [mask], shape=(*heads.type.shape[:2], *mask.type.shape[1:]))
    if padding is not None:
        padding = recorder.emit("reshape", [padding], shape=(heads.type.shape[0], 1, 1, padding.type.shape[-1]))
    if mask is not None and padding is not None:
        both = [_addend(recorder, m, heads.type.dtype) for m in (mask, padding)]
        mask = recorder.emit("add", both)
    elif padding is not None:
        mask = padding
    if mask is not None and added:
        mask = recorder.emit("pad", [mask], pad=(0, added))
    if mask is not None and mask.type.dtype is DType.BOOL:
        mask = recorder.emit("logical_not", [mask])
    return mask


def _addend(recorder: Recorder, mask: Value, dtype: DType) -> Value:
    """A mask as what is added to the scores."""
    if mask.type.dtype is not DType.BOOL:
        return mask
    addend = recorder.emit("where", [mask], x=float("-inf"), other=0.0)
    return addend if addend.type.dtype is dtype else recorder.emit("cast", [addend], dtype=dtype)


def _weights(recorder: Recorder, heads: list[Value], mask: Value | None) -> Value:
    """Shares of the keys in each query, (N, heads, L, S); no numbers where no key takes part, as torch has it."""
    query, key, _ = heads
    scaled = recorder.emit("mul", [query], other=whole(recorder, query.type.shape[-1], "the width of a head") ** -0.5)
    scores: Any = recorder.emit("matmul", [scaled, recorder.emit("transpose", [key], dim0=-2, dim1=-1)])
    if mask is not None and mask.type.dtype is DType.BOOL:
        scores = recorder.emit("where", [mask, scores], other=float("-inf"))
    elif mask is not None:
        scores = recorder.emit("add", [scores, mask])
    return recorder.emit("softmax", [scores], dim=-1)
