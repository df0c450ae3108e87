"""RegNet's block."""

import pytest
import torch

from models import ReLU, SiLU
from models.attention import SqueezeExcitation
from models.basicblocks import RegNetBlock
from tests.models.catalogue import load_weights


@pytest.mark.parametrize(("stride", "out_channels"), [(1, 32), (2, 32), (1, 48)])
def test_it_is_the_sum_of_its_two_ways(stride, out_channels):
    block = RegNetBlock(in_channels=32, out_channels=out_channels, stride=stride).eval()
    load_weights(block, torch.from_numpy)
    x = torch.randn(1, 32, 9, 7)
    y = block(x)
    assert y.shape == (1, out_channels, -(-9 // stride), -(-7 // stride))
    torch.testing.assert_close(y, torch.relu(block.f(x) + block.proj(x)))


def test_the_input_is_projected_only_where_the_shape_changes():
    assert not list(RegNetBlock(in_channels=32, out_channels=32).proj.parameters())
    assert RegNetBlock(in_channels=32, out_channels=48).proj[0].weight.shape == (48, 32, 1, 1)
    assert RegNetBlock(in_channels=32, out_channels=32, stride=2).proj[0].stride == (2, 2)


def test_groups_have_the_given_width():
    assert RegNetBlock(in_channels=32, out_channels=48, group_width=12).f.b[0].weight.shape == (48, 12, 3, 3)


def test_attention_is_between_the_filter_and_the_last_convolution():
    attention = SqueezeExcitation(in_channels=32)
    block = RegNetBlock(in_channels=32, out_channels=32, attention=attention, act=SiLU)
    assert [name for name, _ in block.f.named_children()] == ["a", "b", "se", "c"]
    assert block.f.se is attention
    assert len(block.f.c) == 2
    assert not any(isinstance(m, ReLU) for name, m in block.named_modules() if not name.startswith("f.se"))


def test_channels_that_are_no_whole_groups_are_refused():
    with pytest.raises(ValueError, match=r"^RegNetBlock: 40 channels are no groups of 16$"):
        RegNetBlock(out_channels=40)
