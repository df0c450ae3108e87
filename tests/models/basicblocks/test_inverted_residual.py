"""Inverted residual blocks."""

import pytest
import torch

from models import Hardswish
from models.attention import SqueezeExcitation
from models.basicblocks import InvertedResidual, MBConv
from tests.models.catalogue import load_weights


@pytest.mark.parametrize(("stride", "out_channels", "residual"), [(1, 8, True), (2, 8, False), (1, 12, False)])
def test_it_is_added_to_its_input_only_where_the_shape_stays(stride, out_channels, residual):
    block = InvertedResidual(in_channels=8, out_channels=out_channels, stride=stride).eval()
    load_weights(block, torch.from_numpy)
    x = torch.randn(1, 8, 9, 7)
    y, branch = block(x), block.conv(x)
    assert y.shape == (1, out_channels, -(-9 // stride), -(-7 // stride))
    torch.testing.assert_close(y, x + branch if residual else branch)


def test_it_widens_filters_and_narrows():
    widen, depthwise, project, _ = InvertedResidual(in_channels=8, out_channels=12, expansion=4).conv
    assert widen[0].weight.shape == (32, 8, 1, 1)
    assert depthwise[0].weight.shape == (32, 1, 3, 3)
    assert project.weight.shape == (12, 32, 1, 1)


def test_an_expansion_of_one_has_no_widening_convolution():
    assert len(InvertedResidual(in_channels=8, out_channels=8, expansion=1).conv) == 3


def test_activation_is_that_of_the_constructor_and_not_after_the_projection():
    block = InvertedResidual(act=Hardswish)
    assert [isinstance(m, Hardswish) for m in block.conv.modules()].count(True) == 2
    assert not isinstance(block.conv[-1], Hardswish)


@pytest.mark.parametrize(("stride", "out_channels", "residual"), [(1, 8, True), (2, 8, False), (1, 12, False)])
def test_mbconv_is_added_to_its_input_only_where_the_shape_stays(stride, out_channels, residual):
    block = MBConv(in_channels=8, out_channels=out_channels, width=20, stride=stride).eval()
    load_weights(block, torch.from_numpy)
    x = torch.randn(1, 8, 9, 7)
    y, branch = block(x), block.block(x)
    assert y.shape == (1, out_channels, -(-9 // stride), -(-7 // stride))
    torch.testing.assert_close(y, x + branch if residual else branch)


def test_mbconv_filters_maps_of_any_width_with_any_kernel_and_weights_them_after_the_filter():
    attention = SqueezeExcitation(in_channels=20, squeezed=3)
    block = MBConv(in_channels=8, out_channels=12, width=20, kernel_size=7, attention=attention)
    widen, depthwise, weighted, project = block.block
    assert widen[0].weight.shape == (20, 8, 1, 1)
    assert depthwise[0].weight.shape == (20, 1, 7, 7)
    assert weighted is attention
    assert project[0].weight.shape == (12, 20, 1, 1)
    assert len(project) == 2


def test_mbconv_as_wide_as_its_input_has_no_widening_convolution():
    assert len(MBConv(in_channels=8, out_channels=8, width=8).block) == 2


def test_mbconv_is_left_out_for_a_share_of_the_images_in_training():
    block = MBConv(in_channels=4, out_channels=4, width=8, stochastic_depth=0.5)
    x = torch.randn(64, 4, 3, 3)
    y = block.train()(x)
    left_out = (y == x).flatten(1).all(1)
    assert 0.25 < left_out.float().mean() < 0.75
    assert not (block.eval()(x) == x).flatten(1).all(1).any()
