"""ShuffleNetV2: the paper's table, and widths."""

import pytest
import torch

from models.backbones import ShuffleNetV2X0_5, ShuffleNetV2X1_0
from models.backbones.shufflenetv2 import ShuffleNetV2
from models.basicblocks import ShuffleUnit


@pytest.mark.parametrize(
    ("network", "widths"), [(ShuffleNetV2X0_5, (48, 96, 192)), (ShuffleNetV2X1_0, (116, 232, 464))]
)
def test_stages_are_those_of_the_papers_table(network, widths):
    model = network()
    stages = (model.stage2, model.stage3, model.stage4)
    assert [len(stage) for stage in stages] == [4, 8, 4]
    assert tuple(stage[-1].in_channels for stage in stages) == widths
    assert all([unit.stride for unit in stage] == [2] + [1] * (len(stage) - 1) for stage in stages)
    assert sum(isinstance(m, ShuffleUnit) for m in model.modules()) == 16


def test_the_second_map_is_the_first_one_pooled():
    first, second, *_ = ShuffleNetV2X0_5().eval()(torch.randn(1, 3, 40, 33))
    assert torch.equal(second, torch.nn.functional.max_pool2d(first, 3, 2, 1))


def test_other_widths_than_four_are_refused():
    with pytest.raises(
        ValueError, match=r"^ShuffleNetV2: widths are of three stages and a convolution, got \(48, 96\)$"
    ):
        ShuffleNetV2(widths=(48, 96))
