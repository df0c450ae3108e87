"""Convolution, normalization, activation."""

import pytest
import torch

from models import BatchNorm2d, Conv2d, ReLU6
from models.basicblocks import ConvNormAct


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("stride", [1, 2])
def test_size_is_kept_or_halved_up(kernel_size, dilation, stride):
    block = ConvNormAct(in_channels=4, out_channels=6, kernel_size=kernel_size, dilation=dilation, stride=stride)
    for height, width in ((12, 8), (13, 7)):
        y = block.eval()(torch.zeros(1, 4, height, width))
        assert y.shape == (1, 6, -(-height // stride), -(-width // stride))


def test_a_bias_stands_in_for_a_missing_normalization():
    assert ConvNormAct()[0].bias is None
    plain = ConvNormAct(norm=None)
    assert plain[0].bias is not None
    assert not any(isinstance(layer, BatchNorm2d) for layer in plain)


def test_layers_are_numbered_in_order():
    assert [type(layer) for layer in ConvNormAct(act=ReLU6)] == [Conv2d, BatchNorm2d, ReLU6]
    assert [type(layer) for layer in ConvNormAct(act=None)] == [Conv2d, BatchNorm2d]
    assert set(ConvNormAct().state_dict()) >= {"0.weight", "1.weight", "1.running_mean"}


def test_groups_make_it_depthwise():
    block = ConvNormAct(in_channels=8, out_channels=8, groups=8)
    assert block[0].weight.shape == (8, 1, 3, 3)


def test_an_even_kernel_is_refused():
    with pytest.raises(ValueError, match=r"^ConvNormAct: kernel_size must be odd to keep the size, got 4$"):
        ConvNormAct(kernel_size=4)
