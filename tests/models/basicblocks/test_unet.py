"""U-Net's blocks."""

import pytest
import torch

from models import LeakyReLU
from models.basicblocks import DoubleConv, UpBlock
from tests.models.catalogue import load_weights


def test_double_conv_keeps_the_size():
    block = DoubleConv(in_channels=4, out_channels=6).eval()
    assert block(torch.zeros(1, 4, 9, 5)).shape == (1, 6, 9, 5)
    assert [c[0].in_channels for c in block] == [4, 6]


@pytest.mark.parametrize("learned", [True, False])
@pytest.mark.parametrize("size", [(8, 10), (9, 11), (3, 2)])
def test_up_block_has_the_size_of_the_skip(learned, size):
    block = UpBlock(in_channels=8, skip_channels=4, out_channels=6, learned=learned).eval()
    coarse = (size[0] // 2, size[1] // 2)
    assert block(torch.zeros(1, 8, *coarse), torch.zeros(1, 4, *size)).shape == (1, 6, *size)


@pytest.mark.parametrize("learned", [True, False])
def test_both_maps_matter(learned):
    block = UpBlock(in_channels=8, skip_channels=4, out_channels=6, learned=learned).eval()
    load_weights(block, torch.from_numpy)
    x, skip = torch.randn(1, 8, 4, 4), torch.randn(1, 4, 8, 8)
    assert not torch.allclose(block(x, skip), block(x + 1.0, skip))
    assert not torch.allclose(block(x, skip), block(x, skip + 1.0))


def test_learned_is_a_transposed_convolution_then_the_pair_on_both_maps():
    block = UpBlock(in_channels=8, skip_channels=4, out_channels=6).eval()
    load_weights(block, torch.from_numpy)
    x, skip = torch.randn(1, 8, 4, 5), torch.randn(1, 4, 8, 10)
    torch.testing.assert_close(block(x, skip), block.conv(torch.cat([skip, block.up(x)], 1)))


def test_sampling_has_the_skip_at_twice_the_size():
    inputs = UpBlock(in_channels=8, skip_channels=4).sampling.inputs
    assert [(i.name, i.concrete(2, 3, 5)) for i in inputs] == [("x", (2, 8, 3, 5)), ("skip", (2, 4, 6, 10))]


def test_norm_and_act_are_those_of_the_constructor():
    for block in (DoubleConv(norm=None, act=LeakyReLU), UpBlock(norm=None, act=LeakyReLU)):
        assert not any("running_mean" in key for key in block.state_dict())
        assert sum(isinstance(m, LeakyReLU) for m in block.modules()) == 2
