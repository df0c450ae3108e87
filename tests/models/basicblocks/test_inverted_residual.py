"""Inverted residual block."""

import pytest
import torch

from models import Hardswish
from models.basicblocks import InvertedResidual
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
