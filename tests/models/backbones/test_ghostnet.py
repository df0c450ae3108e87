"""GhostNet: the paper's table, and widths."""

import pytest

from models.attention import SqueezeExcitation
from models.backbones import GhostNet
from models.basicblocks import GhostBottleneck
from models.networks import ghostnet_100


def blocks_of(model):
    return [m for m in model.modules() if isinstance(m, GhostBottleneck)]


def test_blocks_are_those_of_the_papers_table():
    blocks = blocks_of(GhostNet())
    outputs = [2 * b.ghost2.primary_conv[0].out_channels for b in blocks]
    assert outputs == [16] + [24] * 2 + [40] * 2 + [80] * 4 + [112] * 2 + [160] * 5
    assert [i for i, b in enumerate(blocks) if isinstance(b.se, SqueezeExcitation)] == [3, 4, 9, 10, 11, 13, 15]
    assert [i for i, b in enumerate(blocks) if list(b.depthwise.parameters())] == [1, 3, 5, 11]


@pytest.mark.parametrize(("width", "millions"), [(0.5, 2.6), (1.0, 5.2), (1.3, 7.3)])
def test_widths_have_as_many_parameters_as_in_the_paper(width, millions):
    network = ghostnet_100(width=width)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, abs=0.06)
