"""Residual blocks."""

import pytest
import torch

from models import GELU, Identity
from models.attention import SqueezeExcitation
from models.basicblocks import BasicBlock, Bottleneck
from tests.models.catalogue import load_weights

BLOCKS = (BasicBlock, Bottleneck)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2)])
def test_shapes(block, stride, dilation):
    model = block(in_channels=8, out_channels=16, stride=stride, dilation=dilation).eval()
    for height, width in ((12, 8), (13, 7)):
        assert model(torch.zeros(1, 8, height, width)).shape == (1, 16, -(-height // stride), -(-width // stride))


@pytest.mark.parametrize("block", BLOCKS)
def test_with_its_last_normalization_at_zero_it_is_the_activation_of_its_input(block):
    model = block(in_channels=8, out_channels=8).eval()
    load_weights(model, torch.from_numpy)
    last = model.bn2 if block is BasicBlock else model.bn3
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
    x = torch.randn(2, 8, 5, 6)
    torch.testing.assert_close(model(x), torch.relu(x))


@pytest.mark.parametrize("block", BLOCKS)
def test_the_shortcut_is_projected_only_where_the_shape_changes(block):
    assert isinstance(block(in_channels=8, out_channels=8).downsample, Identity)
    for model in (block(in_channels=8, out_channels=16), block(in_channels=8, out_channels=8, stride=2)):
        assert {"downsample.0.weight", "downsample.1.running_var"} <= set(model.state_dict())


def test_a_bottleneck_is_four_times_narrower_inside_and_strides_in_the_middle():
    model = Bottleneck(in_channels=64, out_channels=128, stride=2)
    assert (model.conv1.out_channels, model.conv2.out_channels, model.conv3.out_channels) == (32, 32, 128)
    assert (model.conv1.stride, model.conv2.stride, model.conv3.stride) == ((1, 1), (2, 2), (1, 1))


@pytest.mark.parametrize("block", BLOCKS)
def test_attention_is_on_the_branch_and_not_on_the_shortcut(block):
    model = block(in_channels=32, out_channels=32, attention=SqueezeExcitation).eval()
    load_weights(model, torch.from_numpy)
    assert isinstance(model.se, SqueezeExcitation)
    with torch.no_grad():  # a gate that is shut leaves the shortcut
        model.se.fc2.weight.zero_()
        model.se.fc2.bias.fill_(-100.0)
    x = torch.randn(1, 32, 5, 5)
    torch.testing.assert_close(model(x), torch.relu(x))


@pytest.mark.parametrize("block", BLOCKS)
def test_norm_and_act_are_those_of_the_constructor(block):
    model = block(in_channels=8, out_channels=8, act=GELU, norm=lambda channels: Identity())
    assert not any("running_mean" in key for key in model.state_dict())
    assert sum(isinstance(m, GELU) for m in model.modules()) == (2 if block is BasicBlock else 3)
