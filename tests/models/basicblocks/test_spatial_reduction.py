"""The block of pyramid transformers."""

import pytest
import torch

from models import ReLU
from models.basicblocks.spatial_reduction import (
    ConvMLP,
    OverlapPatchEmbed,
    SpatialReductionAttention,
    SpatialReductionBlock,
)
from tests.models.catalogue import load_weights


def loaded(module):
    load_weights(module, torch.from_numpy)
    return module.eval()


@pytest.mark.parametrize("reduction", [1, 2, 3])
def test_attention_is_of_every_place_over_the_shrunk_map(reduction):
    module = loaded(SpatialReductionAttention(channels=8, num_heads=2, reduction=reduction))
    x = torch.randn(2, 6, 7, 8)
    shrunk = x if reduction == 1 else module.norm(module.sr(x.movedim(3, 1)).movedim(1, 3))
    assert shrunk.shape[1:3] == (6 // reduction, 7 // reduction)
    q = module.q(x).reshape(2, 42, 2, 4).transpose(1, 2)
    k, v = (y.reshape(2, -1, 2, 4).transpose(1, 2) for y in module.kv(shrunk).chunk(2, dim=-1))
    y = (torch.softmax(q @ k.mT / 2, dim=-1) @ v).transpose(1, 2).reshape(2, 6, 7, 8)
    torch.testing.assert_close(module(x), module.proj(y), rtol=1e-4, atol=1e-5)


def test_without_reduction_there_is_nothing_to_shrink_with():
    module = SpatialReductionAttention(channels=8, num_heads=2, reduction=1)
    assert not hasattr(module, "sr")
    assert not hasattr(module, "norm")


def test_the_perceptron_sees_its_neighbours():
    module = loaded(ConvMLP(channels=4, hidden=6, act=ReLU))
    x = torch.randn(1, 5, 6, 4)
    hidden = module.fc1(x).movedim(3, 1)
    hidden = torch.nn.functional.conv2d(hidden, module.dwconv.weight, module.dwconv.bias, padding=1, groups=6)
    torch.testing.assert_close(module(x), module.fc2(torch.relu(hidden.movedim(1, 3))))


@pytest.mark.parametrize(("size", "expected"), [((8, 12), (2, 3)), ((9, 13), (3, 4)), ((5, 4), (2, 1))])
def test_patches_overlap_and_sizes_are_rounded_up(size, expected):
    module = loaded(OverlapPatchEmbed(in_channels=3, out_channels=6))
    y = module(torch.randn(1, 3, *size))
    assert y.shape == (1, *expected, 6)


def test_both_branches_are_added():
    block = loaded(SpatialReductionBlock(channels=8, num_heads=2, reduction=2, expansion=3))
    x = torch.randn(1, 5, 7, 8)
    y = x + block.attn(block.norm1(x))
    torch.testing.assert_close(block(x), y + block.mlp(block.norm2(y)))
    assert block.mlp.fc1.out_features == 24
