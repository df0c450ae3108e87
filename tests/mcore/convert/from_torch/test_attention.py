"""Attention, alone and as torch's module."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mcore.convert import CaptureRefused, capture
from mcore.convert.running import Size
from mcore.sampling import H, Input, N, Sampling
from tests.mcore.convert.harness import Apply, check, ops, perturbed

TOKENS = Sampling((Input("x", (N, H, 8)),), ((5, 5), (7, 7), (9, 9)), minimum=3)
LENGTHS = (Size(3, 11, 1), Size(1, 4, 1))

FUNCTIONS = [
    lambda x: F.scaled_dot_product_attention(x, x, x),
    lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True),
    lambda x: F.scaled_dot_product_attention(x, x, x, scale=0.3),
    lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=x.mean(-1, keepdim=True) > 0),
    lambda x: F.scaled_dot_product_attention(x, x, x, x.mean(-1, keepdim=True)),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function(function):
    assert ops(check(Apply(function), TOKENS, LENGTHS))[-1] == "scaled_dot_product_attention"


class _Self(nn.Module):
    def __init__(self, weights: bool = False, average: bool = True, **options):
        super().__init__()
        self.inner = nn.MultiheadAttention(8, 2, **options)
        self.weights, self.average = weights, average

    def forward(self, x):
        result, weights = self.inner(x, x, x, need_weights=self.weights, average_attn_weights=self.average)
        return {"out": result, "weights": weights} if self.weights else result


@pytest.mark.parametrize(
    "options",
    [
        {"batch_first": True},
        {"batch_first": False},
        {"batch_first": True, "bias": False},
        {"batch_first": True, "kdim": 8, "vdim": 8},
        {"batch_first": True, "weights": True},
        {"batch_first": True, "weights": True, "average": False},
        {"batch_first": True, "add_zero_attn": True},
        {"batch_first": True, "add_bias_kv": True},
        {"add_zero_attn": True, "add_bias_kv": True, "weights": True},
    ],
)
def test_multi_head_attention_is_taken_apart(options):
    graph = check(perturbed(_Self(**options)), TOKENS, LENGTHS)
    assert ops(graph).count("scaled_dot_product_attention") == int("weights" not in options)
    assert all(node.module == "inner" for node in graph.nodes)


class _Masked(nn.Module):
    """Attention with masks made of what it takes: ``mask`` (L, S) or (N * heads, L, S), ``padding`` (N, S)."""

    def __init__(self, mask=None, padding=None, batched=True, options=(), **call):
        super().__init__()
        self.inner = nn.MultiheadAttention(8, 2, batch_first=True, **dict(options))
        self.mask, self.padding, self.batched, self.call = mask, padding, batched, call

    def forward(self, x):
        masks = {
            "attn_mask": None if self.mask is None else self.mask(x),
            "key_padding_mask": None if self.padding is None else self.padding(x if self.batched else x[:1]),
        }
        if not self.batched:
            x = x[0]
            masks["key_padding_mask"] = masks["key_padding_mask"][0]
        result, weights = self.inner(x, x, x, **masks, **self.call)
        return {"out": result} if weights is None else {"out": result, "weights": weights}


def _causal(x):
    steps = torch.arange(x.shape[1])
    return steps[None] > steps[:, None]


def _by_head(x):
    return torch.cat([x[:, :, :1] * x.mT[:, :1], x[:, :, 1:2] * x.mT[:, :1]]).flatten(0, 0)


def _padding(x):
    return x.mean(-1) > 0.3


@pytest.mark.parametrize(
    "module",
    [
        _Masked(_causal),
        _Masked(_causal, need_weights=False),
        _Masked(_causal, need_weights=False, is_causal=True),
        _Masked(_causal, is_causal=True),
        _Masked(lambda x: _causal(x).float(), need_weights=False),
        _Masked(_by_head),
        _Masked(_by_head, need_weights=False),
        _Masked(None, _padding),
        _Masked(None, _padding, need_weights=False),
        _Masked(_causal, _padding),
        _Masked(lambda x: _causal(x).float(), lambda x: x.mean(-1), need_weights=False),
        _Masked(_by_head, lambda x: x.mean(-1)),
        _Masked(None, _padding, batched=False),
        _Masked(_causal, options={"add_zero_attn": True}),
        _Masked(_causal, options={"add_bias_kv": True}, need_weights=False),
        _Masked(_causal, _padding, options={"add_bias_kv": True, "add_zero_attn": True}),
    ],
)
def test_masks_leave_keys_out(module):
    check(perturbed(module), TOKENS, LENGTHS)


def _by_function(x, w, v, **options):
    y = x.transpose(0, 1)
    return F.multi_head_attention_forward(y, y, y, 8, 2, w, None, None, None, False, 0.0, v, None, **options)[0]


WEIGHTS = {"w": torch.zeros(24, 8), "v": torch.zeros(8, 8)}


def test_the_function_takes_masks_of_truth_values():
    def function(x, w, v):
        masks = {"attn_mask": _causal(x), "key_padding_mask": _padding(x)}
        return _by_function(x, w, v, training=False, need_weights=False, **masks)

    check(perturbed(Apply(function, **WEIGHTS)), TOKENS, LENGTHS)


def test_a_transformer_layer():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu", norm_first=True)
    check(perturbed(layer), TOKENS, LENGTHS)


@pytest.mark.parametrize(
    ("match", "module"),
    [
        ("with dropout", Apply(lambda x: F.scaled_dot_product_attention(x, x, x, dropout_p=0.5))),
        ("with training", Apply(_by_function, **WEIGHTS)),
    ],
)
def test_what_has_no_op_is_refused_by_name(match, module):
    with pytest.raises(CaptureRefused, match=match):
        capture(module, TOKENS)
