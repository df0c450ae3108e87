"""Depthwise separable convolution."""

import pytest
import torch

from models import GELU
from models.basicblocks import SeparableConv


def test_it_has_the_parameters_that_the_paper_counts():
    """A kernel for each channel, and a 1x1 convolution; each with a scale and a shift."""
    block = SeparableConv(in_channels=8, out_channels=12, kernel_size=5)
    assert sum(p.numel() for p in block.parameters()) == 25 * 8 + 2 * 8 + 8 * 12 + 2 * 12


@pytest.mark.parametrize(("stride", "size"), [(1, (9, 12)), (2, (5, 6))])
def test_the_stride_is_that_of_the_filters(stride, size):
    block = SeparableConv(in_channels=8, out_channels=12, stride=stride, act=GELU).eval()
    assert block(torch.zeros(1, 8, 9, 12)).shape == (1, 12, *size)
    assert sum(isinstance(m, GELU) for m in block.modules()) == 2


def test_the_activation_between_can_be_left_out():
    block = SeparableConv(act=GELU, act_between=False)
    assert [isinstance(m, GELU) for m in (block[0][-1], block[1][-1])] == [False, True]


def test_an_even_kernel_is_refused():
    with pytest.raises(ValueError, match="kernel_size must be odd"):
        SeparableConv(kernel_size=4)
