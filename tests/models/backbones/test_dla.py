"""DLA-34: its layers, what its roots gather, and sizes that 32 does not divide."""

import torch

from models import Conv2d
from models.backbones import DLA34
from models.backbones.dla import Root
from tests.models.references.reference import on_meta


def test_it_has_34_layers_besides_projections():
    names = [name for name, module in on_meta(DLA34).named_modules() if isinstance(module, Conv2d)]
    assert len([name for name in names if ".project." not in name]) + 1 == 34  # and the linear one


def test_roots_gather_what_the_paper_draws():
    roots = [m.conv.in_channels for m in on_meta(DLA34).modules() if isinstance(m, Root)]
    assert roots == [128, 256, 64 + 3 * 128, 512, 128 + 3 * 256, 256 + 2 * 512]


def test_odd_sizes_are_rounded_up_at_each_level():
    model = DLA34().eval()
    with torch.no_grad():
        maps = model(torch.randn(1, 3, 37, 53, generator=torch.Generator().manual_seed(0)))
    assert [tuple(m.shape[2:]) for m in maps] == [(-(-37 // s), -(-53 // s)) for s in model.strides]
