"""MobileNetV2's backbone: the paper's table, and widths."""

import pytest
import torch

from models import ReLU, ReLU6
from models.backbones import MobileNetV2
from models.basicblocks import InvertedResidual
from tests.models.torchvision_reference import torchvision


def test_blocks_are_those_of_the_papers_table():
    blocks = [m for m in MobileNetV2().features if isinstance(m, InvertedResidual)]
    assert len(blocks) == 17
    outputs = [b.conv[-1].num_features for b in blocks]
    assert outputs == [16] + [24] * 2 + [32] * 3 + [64] * 4 + [96] * 3 + [160] * 3 + [320]
    assert [b.residual for b in blocks].count(True) == 10


def test_maps_are_handed_out_where_the_resolution_falls():
    model = MobileNetV2()
    assert model.taps == (1, 3, 6, 13, 18)
    assert model.channels == (16, 24, 32, 96, 1280)


@pytest.mark.parametrize("width", [0.35, 0.5, 0.75, 1.4])
def test_widths_are_rounded_as_torchvision_rounds_them(width):
    reference = torchvision().models.mobilenet_v2(width_mult=width).state_dict()
    ours = MobileNetV2(width=width).state_dict()
    assert {k: v.shape for k, v in ours.items()} == {
        k: v.shape for k, v in reference.items() if not k.startswith("classifier")
    }


def test_a_narrow_one_keeps_its_last_convolution_and_a_wide_one_widens_it():
    assert MobileNetV2(width=0.5).channels[-1] == 1280
    assert MobileNetV2(width=1.4).channels[-1] == 1792


def test_activation_is_taken_everywhere():
    model = MobileNetV2(act=ReLU)
    assert sum(isinstance(m, ReLU) for m in model.modules()) == 2 + 17 + 16
    assert not any(isinstance(m, ReLU6) for m in model.modules())


def test_projections_are_linear():
    """A block's result can be negative: there is no activation after its projection."""
    model = MobileNetV2().eval()
    with torch.no_grad():
        maps = model(torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    assert all(m.min() < 0 for m in maps[:-1])
    assert maps[-1].min() >= 0
