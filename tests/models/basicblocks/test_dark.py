"""Darknet's and CSPNet's residual blocks."""

import pytest
import torch

from models.basicblocks import CSPBottleneck, DarkBlock


def switched_off(block, last):
    """The block, where the convolutions add nothing."""
    torch.nn.init.zeros_(getattr(block, last).bn.weight)
    torch.nn.init.zeros_(getattr(block, last).bn.bias)
    return block.eval()


@pytest.mark.parametrize("width", [None, 5])
def test_a_dark_block_adds_to_its_input_without_an_activation_after_the_sum(width):
    x = torch.randn(2, 8, 5, 7)
    block = DarkBlock(in_channels=8, width=width)
    assert block.conv1.conv.out_channels == (width or 4)
    assert torch.equal(switched_off(block, "conv2")(x), x)


def test_a_csp_bottleneck_has_one_after_the_sum():
    x = torch.randn(2, 8, 5, 7)
    block = CSPBottleneck(in_channels=8)
    torch.testing.assert_close(switched_off(block, "conv3")(x), torch.nn.functional.leaky_relu(x))
