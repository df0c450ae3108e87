"""MNASNet: the paper's stages, widths, normalization."""

import pytest
import torch

from models import ReLU, SiLU
from models.backbones import MNASNet1_0
from models.backbones.mnasnet import MNASNet
from tests.models.torchvision_reference import torchvision


def stages_of(model):
    return [layer for layer in model.layers if isinstance(layer, torch.nn.Sequential)]


def test_stages_are_those_of_the_paper():
    stages = stages_of(MNASNet1_0())
    assert [len(stage) for stage in stages] == [3, 3, 3, 2, 4, 1]
    assert [stage[-1].layers[-1].num_features for stage in stages] == [24, 40, 80, 96, 192, 320]
    assert [stage[0].layers[3].kernel_size[0] for stage in stages] == [3, 5, 5, 3, 5, 3]
    assert [stage[0].layers[3].stride[0] for stage in stages] == [2, 2, 2, 1, 2, 1]
    assert [sum(block.residual for block in stage) for stage in stages] == [2, 2, 2, 1, 3, 0]


@pytest.mark.parametrize("width", [0.5, 0.75, 1.3])
def test_widths_are_rounded_as_torchvision_rounds_them(width):
    reference = torchvision().models.MNASNet(width).state_dict()
    ours = MNASNet(width=width).state_dict()
    assert {k: v.shape for k, v in ours.items()} == {
        k: v.shape for k, v in reference.items() if not k.startswith("classifier")
    }


def test_running_statistics_move_slowly():
    norms = [m for m in MNASNet1_0().modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert [m.momentum for m in norms] == pytest.approx([0.0003] * len(norms))


def test_activation_is_taken_everywhere_but_behind_projections():
    model = MNASNet1_0(act=SiLU)
    assert not any(isinstance(m, ReLU) for m in model.modules())
    assert sum(isinstance(m, SiLU) for m in model.modules()) == 2 + 2 * 16 + 1
