"""HRNet: who hears from whom, and how many exchanges there are."""

import pytest
import torch

from models.backbones import HRNetW18, HRNetW32
from models.backbones.hrnet import Exchange, HRNet
from models.basicblocks import BasicBlock
from tests.models.references.reference import on_meta


@pytest.mark.parametrize(("backbone", "width"), [(HRNetW18, 18), (HRNetW32, 32)])
def test_branches_double_and_stages_exchange_as_often_as_the_paper_says(backbone, width):
    model = on_meta(backbone)
    assert model.channels == (width, 2 * width, 4 * width, 8 * width)
    assert [len(s) for s in (model.stage2, model.stage3, model.stage4)] == [1, 4, 3]
    assert sum(isinstance(m, BasicBlock) for m in model.modules()) == 4 * (2 * 1 + 3 * 4 + 4 * 3)


def test_every_branch_hears_from_every_other_in_one_exchange():
    exchange = Exchange(channels=(4, 8, 16), norm=torch.nn.BatchNorm2d, act=torch.nn.ReLU).eval()
    maps = [torch.randn(1, c, 12 // s, 20 // s) for c, s in ((4, 1), (8, 2), (16, 4))]
    with torch.no_grad():
        before = exchange(maps)
        assert [tuple(m.shape) for m in before] == [tuple(m.shape) for m in maps]
        for i in range(3):
            after = exchange([m + 1.0 if i == j else m for j, m in enumerate(maps)])
            assert all(not torch.allclose(a, b) for a, b in zip(after, before, strict=True))


def test_the_general_class_takes_width_and_exchanges():
    model = HRNet(width=4, exchanges=(1, 1, 2)).eval()
    with torch.no_grad():
        maps = model(torch.zeros(1, 3, 41, 70))
    assert [tuple(m.shape[1:]) for m in maps] == [(4, 11, 18), (8, 6, 9), (16, 3, 5), (32, 2, 3)]
