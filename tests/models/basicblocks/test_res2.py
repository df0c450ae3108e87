"""Res2Net's block: what its chain sees."""

import torch

from models import AvgPool2d
from models.backbones import Res2Net50
from models.basicblocks import Res2Bottleneck
from tests.models.references.reference import on_meta


def reach(block):
    """By step of the chain, whether its group of channels depends on each group that goes in."""
    width = block.width
    convolved = []
    block.conv3.register_forward_pre_hook(lambda module, args: convolved.append(args[0]))
    block.conv1 = torch.nn.Identity()
    block.bn1 = torch.nn.Identity()
    block.conv3.weight.requires_grad_(False)
    x = torch.rand(1, 4 * width, 3, 3) + 0.5
    block.downsample = torch.nn.Identity()
    found = []
    for source in range(4):
        other = x.clone()
        other[:, source * width : (source + 1) * width] += 0.5
        convolved.clear()
        block(x), block(other)
        before, after = convolved
        found.append([bool((b != a).any()) for b, a in zip(before.split(width, 1), after.split(width, 1), strict=True)])
    return [list(step) for step in zip(*found, strict=True)]


def test_a_step_sees_its_group_and_what_the_last_step_gave():
    block = Res2Bottleneck(in_channels=104, out_channels=104, group_width=64).eval()
    assert block.width == 26
    assert reach(block) == [
        [True, False, False, False],
        [True, True, False, False],
        [True, True, True, False],
        [False, False, False, True],
    ]


def test_where_the_shape_changes_steps_are_side_by_side_and_the_last_group_is_pooled():
    block = Res2Bottleneck(in_channels=52, out_channels=104, group_width=64).eval()
    assert isinstance(block.pool, AvgPool2d)
    block.conv3 = torch.nn.Conv2d(104, 104, 1)
    assert reach(block) == [[i == j for j in range(4)] for i in range(4)]


def test_widths_are_those_of_the_name():
    blocks = [m for m in on_meta(Res2Net50).modules() if isinstance(m, Res2Bottleneck)]
    assert [b.width for b in blocks] == [26] * 3 + [52] * 4 + [104] * 6 + [208] * 3
    assert sum(not b.chained for b in blocks) == 4
    assert all(len(b.convs) == 3 for b in blocks)


def test_it_dilates_as_its_backbone_asks():
    maps = Res2Net50(output_stride=8).eval()(torch.zeros(1, 3, 64, 96))
    assert [tuple(m.shape[2:]) for m in maps] == [(32, 48), (16, 24), (8, 12), (8, 12), (8, 12)]
