"""Convolution, normalization, activation."""

import pytest
import torch

from models import BatchNorm2d, Conv2d, ReLU6
from models.basicblocks import ConvBnAct, ConvNormAct


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


@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (3, 2), ((1, 7), 1), ((5, 3), 2)])
def test_the_named_unit_keeps_the_size_whatever_its_kernel(kernel, dilation):
    unit = ConvBnAct(in_channels=3, out_channels=5, kernel_size=kernel, dilation=dilation)
    assert unit(torch.randn(2, 3, 9, 7)).shape == (2, 5, 9, 7)
    assert list(unit.state_dict())[:2] == ["conv.weight", "bn.weight"]


def test_the_named_unit_takes_a_padding_and_no_activation():
    unit = ConvBnAct(in_channels=3, out_channels=5, kernel_size=2, padding=0, act=None).eval()
    y = unit(torch.randn(2, 3, 9, 7))
    assert y.shape == (2, 5, 8, 6)
    assert y.min() < 0
    with pytest.raises(ValueError, match=r"^ConvBnAct: kernel_size must be odd to keep the size, got \(3, 4\)$"):
        ConvBnAct(kernel_size=(3, 4))
