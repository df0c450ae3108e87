"""CBAM-ResNet-50: an attention module in every block."""

import torch

from models.attention import CBAM
from models.backbones import CBAMResNet50, ResNet50
from models.basicblocks import Bottleneck
from tests.models.references.reference import count, on_meta


def test_every_block_weights_a_map_of_its_width():
    blocks = [m for m in on_meta(CBAMResNet50).modules() if isinstance(m, Bottleneck)]
    assert [b.se.in_channels for b in blocks] == [256] * 3 + [512] * 4 + [1024] * 6 + [2048] * 3
    assert all(isinstance(b.se, CBAM) for b in blocks)


def test_the_attention_costs_what_the_paper_says():
    """2.53 million parameters more (28.09 against 25.56 in table 4), to which the perceptrons' biases add a hundredth."""
    more = count(on_meta(CBAMResNet50)) - count(on_meta(ResNet50))
    assert more == sum(2 * c * c // 16 + 2 * 49 + 2 for c in [256] * 3 + [512] * 4 + [1024] * 6 + [2048] * 3)
    assert 2.50e6 < more < 2.53e6


def test_dilation_is_inherited():
    maps = CBAMResNet50(output_stride=16).eval()(torch.zeros(1, 3, 64, 33))
    assert [tuple(m.shape[2:]) for m in maps] == [(32, 17), (16, 9), (8, 5), (4, 3), (4, 3)]
