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


@pytest.mark.parametrize(("output_stride", "strides"), [(32, (2, 4, 8, 16, 32)), (16, (2, 4, 8, 16)), (8, (2, 4, 8))])
def test_it_is_dilated_in_place_of_strided(output_stride, strides):
    model = MobileNetV3Large(output_stride=output_stride).eval()
    assert model.strides == strides
    with torch.no_grad():
        maps = model(torch.zeros(1, 3, 64, 96))
    assert [tuple(m.shape[2:]) for m in maps] == [(64 // s, 96 // s) for s in strides]
    dilations = [m.dilation[0] for b in blocks_of(model) for m in b.modules() if getattr(m, "groups", 1) > 1]
    assert dilations == [1] * 6 + [2 if output_stride < 16 else 1] * 6 + [32 // output_stride] * 3


def test_the_first_map_of_each_resolution_can_be_the_feature():
    model = MobileNetV3Large(output_stride=16, first=True)
    assert (model.channels, model.strides) == ((16, 24, 40, 80, 960), (2, 4, 8, 16, 16))
    assert model.taps == (0, 2, 4, 7, 16)


def test_another_output_stride_is_refused():
    with pytest.raises(ValueError, match=r"^MobileNetV3Small: output_stride is 8, 16 or 32, got 4$"):
        MobileNetV3Small(output_stride=4)
