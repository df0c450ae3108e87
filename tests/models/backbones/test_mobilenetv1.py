"""MobileNet, version 1: the paper's table, and widths."""

import pytest

from models import ReLU, ReLU6
from models.backbones import MobileNetV1
from models.basicblocks import SeparableConv
from models.networks import mobilenetv1_100


def blocks_of(model):
    return [m for m in model.modules() if isinstance(m, SeparableConv)]


def test_blocks_are_those_of_the_papers_table():
    blocks = blocks_of(MobileNetV1())
    assert [b[1][0].out_channels for b in blocks] == [64] + [128] * 2 + [256] * 2 + [512] * 6 + [1024] * 2
    assert [b[0][0].stride[0] for b in blocks] == [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]


@pytest.mark.parametrize(("width", "millions"), [(1.0, 4.2), (0.75, 2.6), (0.5, 1.3), (0.25, 0.5)])
def test_widths_have_as_many_parameters_as_in_the_paper(width, millions):
    network = mobilenetv1_100(width=width)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, abs=0.06)


def test_activation_is_taken_everywhere():
    model = MobileNetV1(act=ReLU)
    assert sum(isinstance(m, ReLU) for m in model.modules()) == 1 + 2 * 13
    assert not any(isinstance(m, ReLU6) for m in model.modules())
