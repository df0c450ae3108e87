"""Xception: the paper's 36 convolutions, and how its blocks grow."""

import pytest
import torch

from models import Conv2d, MaxPool2d, ReLU
from models.backbones import Xception
from models.basicblocks import XceptionBlock
from models.basicblocks.xception import SeparableConv2d
from tests.models.references.reference import on_meta


def test_it_has_the_papers_36_convolutional_layers():
    modules = list(on_meta(Xception).modules())
    separable = [m for m in modules if isinstance(m, SeparableConv2d)]
    assert len(separable) + 2 == 36
    assert all(m.conv1.groups == m.conv1.in_channels for m in separable)
    blocks = [m for m in modules if isinstance(m, XceptionBlock)]
    assert len(blocks) == 12
    assert [isinstance(b.skip, Conv2d) for b in blocks] == [True] * 3 + [False] * 8 + [True]


def test_maps_have_the_sizes_of_the_papers_figure():
    model = Xception().eval()
    with torch.no_grad():
        maps = model(torch.zeros(1, 3, 299, 299))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (64, 147, 147),
        (128, 74, 74),
        (256, 37, 37),
        (728, 19, 19),
        (2048, 10, 10),
    ]


@pytest.mark.parametrize(("grow_first", "widths"), [(True, [4, 6, 6]), (False, [4, 4, 6])])
def test_a_block_grows_in_its_first_or_its_last_convolution(grow_first, widths):
    block = XceptionBlock(in_channels=4, out_channels=6, depth=2, stride=2, grow_first=grow_first).eval()
    separable = [m for m in block.rep if isinstance(m, SeparableConv2d)]
    assert [m.conv1.in_channels for m in separable] + [separable[-1].pointwise.out_channels] == widths
    assert isinstance(block.rep[-1], MaxPool2d)
    assert block(torch.zeros(1, 4, 7, 10)).shape == (1, 6, 4, 5)


def test_the_first_activation_can_be_left_out():
    assert isinstance(XceptionBlock().rep[0], ReLU)
    assert isinstance(XceptionBlock(act_first=False).rep[0], SeparableConv2d)
