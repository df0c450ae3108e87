"""Attention, alone and as torch's module."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mcore.convert import CaptureRefused, capture
from mcore.convert.running import Size
from mcore.sampling import H, Input, N, Sampling
from tests.mcore.convert.harness import IMAGE, Apply, check, ops, perturbed

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
    ],
)
def test_multi_head_attention_is_taken_apart(options):
    graph = check(perturbed(_Self(**options)), TOKENS, LENGTHS)
    assert ops(graph).count("scaled_dot_product_attention") == 1
    assert all(node.module == "inner" for node in graph.nodes)


def test_a_mask_that_leaves_keys_out_is_turned_round():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x):
            steps = torch.arange(x.shape[1])
            return self.inner(x, x, x, attn_mask=steps[None] > steps[:, None], need_weights=True)

    check(perturbed(Masked()), TOKENS, LENGTHS)


def test_a_transformer_layer():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu", norm_first=True)
    check(perturbed(layer), TOKENS, LENGTHS)


@pytest.mark.parametrize(
    ("match", "module"),
    [
        ("with dropout", Apply(lambda x: F.scaled_dot_product_attention(x, x, x, dropout_p=0.5))),
        ("with add_zero_attn", _Self(add_zero_attn=True)),
        ("with bias_k", _Self(add_bias_kv=True)),
    ],
)
def test_what_has_no_op_is_refused_by_name(match, module):
    with pytest.raises(CaptureRefused, match=match):
        capture(module, TOKENS if not isinstance(module, Apply) else IMAGE)
