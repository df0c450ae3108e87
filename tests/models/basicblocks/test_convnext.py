"""The block of ConvNeXt."""

import torch

from models import ReLU
from models.basicblocks import ConvNeXtBlock
from models.basicblocks.layout import LayerNorm2d, Permute
from tests.models.catalogue import load_weights


def test_it_is_the_papers_formula():
    block = ConvNeXtBlock(in_channels=6, act=ReLU)
    load_weights(block, torch.from_numpy)
    x = torch.randn(2, 6, 9, 11)
    depthwise, _, norm, widen, _, narrow, _ = block.block
    y = torch.nn.functional.conv2d(x, depthwise.weight, depthwise.bias, padding=3, groups=6).movedim(1, 3)
    y = narrow(torch.relu(widen(norm(y)))).movedim(3, 1)
    torch.testing.assert_close(block(x), x + block.layer_scale * y)
    assert widen.weight.shape == (24, 6)


def test_a_fresh_block_is_nearly_the_identity():
    x = torch.randn(1, 96, 8, 8)
    torch.testing.assert_close(ConvNeXtBlock()(x), x, rtol=0, atol=1e-4)
    assert not torch.allclose(ConvNeXtBlock(layer_scale=1.0)(x), x, atol=1e-3)


def test_training_leaves_the_branch_out_for_a_share_of_the_images():
    block = ConvNeXtBlock(in_channels=4, layer_scale=1.0, stochastic_depth=0.5).train()
    x = torch.randn(200, 4, 3, 3)
    untouched = (block(x) == x).flatten(1).all(1)
    assert 60 < int(untouched.sum()) < 140


def test_a_map_is_normalised_over_its_channels_at_each_place():
    norm = LayerNorm2d(5)
    load_weights(norm, torch.from_numpy)
    x = torch.randn(2, 5, 3, 4)
    deviation = (x.var(1, keepdim=True, unbiased=False) + 1e-6).sqrt()
    expected = (x - x.mean(1, keepdim=True)) / deviation * norm.weight[:, None, None] + norm.bias[:, None, None]
    torch.testing.assert_close(norm(x), expected)


def test_permute_moves_channels_last():
    x = torch.randn(2, 3, 4, 5)
    assert torch.equal(Permute()(x), x.movedim(1, 3))
