"""MobileNetV3's backbones: the paper's tables, widths, normalization and activations."""

import pytest
import torch

from models import Hardsigmoid, Hardswish, ReLU, SiLU
from models.attention import SqueezeExcitation
from models.backbones import MobileNetV3Large, MobileNetV3Small
from models.basicblocks import MBConv
from models.networks import mobilenet_v3_small


def blocks_of(model):
    return [m for m in model.features if isinstance(m, MBConv)]


@pytest.mark.parametrize(
    ("network", "channels", "attentions", "residuals"),
    [
        (MobileNetV3Large, [16, 24, 24] + [40] * 3 + [80] * 4 + [112] * 2 + [160] * 3, 8, 10),
        (MobileNetV3Small, [16, 24, 24] + [40] * 3 + [48] * 2 + [96] * 3, 9, 6),
    ],
)
def test_blocks_are_those_of_the_papers_tables(network, channels, attentions, residuals):
    model = network()
    assert [b.block[-1][0].out_channels for b in blocks_of(model)] == channels
    assert sum(isinstance(m, SqueezeExcitation) for m in model.modules()) == attentions
    assert [b.residual for b in blocks_of(model)].count(True) == residuals


def test_attention_squeezes_to_about_a_quarter_and_has_a_hard_gate():
    attentions = [m for m in MobileNetV3Large().modules() if isinstance(m, SqueezeExcitation)]
    assert [m.fc1.out_channels for m in attentions] == [24, 32, 32, 120, 168, 168, 240, 240]
    assert all(isinstance(m.gate, Hardsigmoid) for m in attentions)


def test_activation_is_taken_where_the_paper_has_the_hard_swish():
    model = MobileNetV3Small(act=SiLU)
    assert not any(isinstance(m, Hardswish) for m in model.modules())
    # The stem, two in each of the eight deeper blocks, and the last convolution.
    assert sum(isinstance(m, SiLU) for m in model.modules()) == 1 + 2 * 8 + 1
    # One in the first block, which does not widen, two in the next two; and in nine attentions.
    assert sum(isinstance(m, ReLU) for m in model.modules()) == 1 + 2 * 2 + 9


def test_normalization_is_the_papers():
    norms = [m for m in MobileNetV3Small().modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert {(m.eps, m.momentum) for m in norms} == {(0.001, 0.01)}


@pytest.mark.parametrize("width", [0.5, 0.75, 1.25])
def test_widths_scale_every_layer(width):
    model = mobilenet_v3_small(width=width)
    assert model.channels[-1] == 6 * blocks_of(model)[-1].block[-1][0].out_channels
    assert model.classifier[0].out_features == 1024 * width
    assert all(c % 8 == 0 for c in model.channels)
