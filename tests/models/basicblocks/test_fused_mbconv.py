"""Fused mobile inverted bottleneck."""

import pytest
import torch

from models import ReLU
from models.basicblocks import FusedMBConv
from tests.models.catalogue import load_weights


@pytest.mark.parametrize(("stride", "out_channels", "residual"), [(1, 8, True), (2, 8, False), (1, 12, False)])
@pytest.mark.parametrize("width", [8, 32])
def test_it_is_added_to_its_input_only_where_the_shape_stays(stride, out_channels, residual, width):
    block = FusedMBConv(in_channels=8, out_channels=out_channels, width=width, stride=stride).eval()
    load_weights(block, torch.from_numpy)
    x = torch.randn(1, 8, 9, 7)
    y, branch = block(x), block.block(x)
    assert y.shape == (1, out_channels, -(-9 // stride), -(-7 // stride))
    torch.testing.assert_close(y, x + branch if residual else branch)


def test_one_convolution_widens_and_filters_and_the_projection_is_linear():
    widen, project = FusedMBConv(in_channels=8, out_channels=12, width=32, kernel_size=5).block
    assert widen[0].weight.shape == (32, 8, 5, 5)
    assert project[0].weight.shape == (12, 32, 1, 1)
    assert len(project) == 2


def test_as_wide_as_its_input_it_is_one_convolution_with_an_activation():
    (only,) = FusedMBConv(in_channels=8, out_channels=12, width=8, act=ReLU).block
    assert only[0].weight.shape == (12, 8, 3, 3)
    assert isinstance(only[2], ReLU)


def test_it_is_left_out_for_a_share_of_the_images_in_training():
    block = FusedMBConv(in_channels=4, out_channels=4, width=8, stochastic_depth=0.5)
    x = torch.randn(64, 4, 3, 3)
    left_out = (block.train()(x) == x).flatten(1).all(1)
    assert 0.25 < left_out.float().mean() < 0.75
    assert not (block.eval()(x) == x).flatten(1).all(1).any()
