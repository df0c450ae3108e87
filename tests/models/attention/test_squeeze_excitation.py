"""Squeeze and excitation."""

import pytest
import torch

from models import Hardsigmoid, SiLU
from models.attention import SqueezeExcitation


def test_each_channel_is_scaled_by_one_weight_between_zero_and_one():
    module = SqueezeExcitation(in_channels=32)
    x = torch.rand(2, 32, 5, 7) + 0.5
    ratio = module(x) / x
    torch.testing.assert_close(ratio, ratio[..., :1, :1].expand_as(ratio))
    assert ratio.min() > 0
    assert ratio.max() < 1
    assert ratio.std() > 0


def test_weights_are_the_papers_formula():
    module = SqueezeExcitation(in_channels=32, reduction=8)
    x = torch.randn(2, 32, 5, 7)
    first, second = (layer.weight.flatten(1) for layer in (module.fc1, module.fc2))
    hidden = torch.relu(x.mean((2, 3)) @ first.T + module.fc1.bias)
    weights = torch.sigmoid(hidden @ second.T + module.fc2.bias)
    torch.testing.assert_close(module(x), x * weights[..., None, None])


@pytest.mark.parametrize(("channels", "reduction", "hidden"), [(256, 16, 16), (64, 16, 4), (8, 16, 1)])
def test_reduction_gives_the_width_between(channels, reduction, hidden):
    assert SqueezeExcitation(in_channels=channels, reduction=reduction).fc1.out_channels == hidden


def test_activations_are_those_of_the_constructor():
    module = SqueezeExcitation(act=SiLU, gate=Hardsigmoid)
    assert isinstance(module.act, SiLU)
    assert isinstance(module.gate, Hardsigmoid)


def test_the_bottleneck_can_be_given_in_channels():
    assert SqueezeExcitation(in_channels=40, squeezed=3).fc1.out_channels == 3
