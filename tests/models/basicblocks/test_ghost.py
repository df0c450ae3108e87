"""GhostNet's module and block."""

import pytest
import torch

from models import ReLU, SiLU
from models.attention import SqueezeExcitation
from models.basicblocks import GhostBottleneck, GhostModule
from tests.models.catalogue import load_weights


def test_half_of_the_channels_are_cheap_filters_of_the_others():
    module = GhostModule(in_channels=6, out_channels=16, cheap_size=5).eval()
    x = torch.randn(2, 6, 5, 4)
    y = module(x)
    assert module.cheap_operation[0].weight.shape == (8, 1, 5, 5)
    assert torch.equal(y[:, :8], module.primary_conv(x))
    assert torch.equal(y[:, 8:], module.cheap_operation(y[:, :8]))


def test_an_odd_number_of_channels_is_refused():
    with pytest.raises(ValueError, match=r"^GhostModule: half of the channels are ghosts of the others, got 15$"):
        GhostModule(out_channels=15)


@pytest.mark.parametrize(("stride", "out_channels"), [(1, 8), (2, 8), (1, 12)])
def test_the_block_is_the_sum_of_its_two_ways(stride, out_channels):
    block = GhostBottleneck(in_channels=8, out_channels=out_channels, width=20, stride=stride).eval()
    load_weights(block, torch.from_numpy)
    x = torch.randn(1, 8, 9, 7)
    y = block(x)
    assert y.shape == (1, out_channels, -(-9 // stride), -(-7 // stride))
    torch.testing.assert_close(y, block.shortcut(x) + block.ghost2(block.depthwise(block.ghost1(x))))


def test_the_input_passes_unchanged_only_where_the_shape_stays():
    assert not list(GhostBottleneck(in_channels=8, out_channels=8).shortcut.parameters())
    depthwise, _, mixed, _ = GhostBottleneck(in_channels=8, out_channels=12, kernel_size=5, stride=2).shortcut
    assert depthwise.weight.shape == (8, 1, 5, 5)
    assert depthwise.stride == (2, 2)
    assert mixed.weight.shape == (12, 8, 1, 1)


def test_maps_inside_are_weighted_by_the_attention():
    attention = SqueezeExcitation(in_channels=20)
    block = GhostBottleneck(in_channels=8, out_channels=8, width=20, attention=attention).eval()
    x = torch.randn(1, 8, 5, 5)
    torch.testing.assert_close(block(x), x + block.ghost2(attention(block.ghost1(x))))


def test_only_the_first_ghost_module_is_activated():
    block = GhostBottleneck(in_channels=8, out_channels=12, stride=2, act=SiLU)
    assert [name for name, m in block.named_modules() if isinstance(m, SiLU)] == [
        "ghost1.primary_conv.2",
        "ghost1.cheap_operation.2",
    ]
    assert not any(isinstance(m, ReLU) for m in block.modules())
