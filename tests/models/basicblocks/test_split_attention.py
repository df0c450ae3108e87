"""ResNeSt's block: shares that sum to one, groups that do not see each other, averaging in place of striding."""

import pytest
import torch

from models import AvgPool2d, Identity
from models.backbones import ResNeSt14, ResNeSt50
from models.basicblocks import SplitAttention, SplitAttentionBottleneck
from tests.models.references.reference import on_meta


def image(channels, *size):
    return torch.randn(2, channels, *size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("radix", "groups"), [(2, 1), (4, 2)])
def test_equal_maps_come_out_as_they_are_whatever_the_scores(radix, groups):
    """The shares of a channel sum to one: if all its maps are the same, so is the result."""
    block = SplitAttention(in_channels=8, radix=radix, groups=groups).eval()
    same = image(8, 5, 7).abs()
    block.conv = torch.nn.Identity()
    block.bn0 = block.act0 = torch.nn.Identity()
    torch.testing.assert_close(block(same.repeat(1, radix, 1, 1)), same)


def test_a_large_score_chooses_its_map():
    block = SplitAttention(in_channels=6, radix=3).eval()
    block.conv = block.bn0 = block.act0 = torch.nn.Identity()
    with torch.no_grad():
        block.fc2.weight.zero_()
        block.fc2.bias.copy_(torch.tensor([0.0] * 6 + [100.0] * 6 + [0.0] * 6))
        maps = image(18, 3, 3)
        torch.testing.assert_close(block(maps), maps[:, 6:12])


def test_a_group_sees_itself_alone():
    block = SplitAttention(in_channels=8, radix=2, groups=2).eval()
    x = image(8, 4, 4)
    other = x.clone()
    other[:, :2] += 1.0
    with torch.no_grad():
        changed = (block(x) != block(other)).flatten(2).any(2).any(0).tolist()
    assert changed == [True] * 4 + [False] * 4


def test_it_needs_two_maps():
    with pytest.raises(ValueError, match=r"^SplitAttention: radix is 2 or more, got 1$"):
        SplitAttention(radix=1)


def test_the_resolution_is_halved_by_averaging():
    block = SplitAttentionBottleneck(in_channels=64, out_channels=128, stride=2).eval()
    assert {m.stride for m in block.modules() if isinstance(m, torch.nn.Conv2d)} == {(1, 1)}
    assert isinstance(block.avd_last, AvgPool2d)
    assert isinstance(block.downsample[0], AvgPool2d)
    with torch.no_grad():
        assert block(image(64, 9, 14)).shape == (2, 128, 5, 7)


def test_a_block_that_keeps_the_shape_averages_nothing():
    block = SplitAttentionBottleneck()
    assert isinstance(block.avd_last, Identity)
    assert isinstance(block.downsample, Identity)


def test_the_stem_is_three_convolutions():
    stem = on_meta(ResNeSt14).conv1
    assert [(m.in_channels, m.out_channels, m.stride) for m in stem if isinstance(m, torch.nn.Conv2d)] == [
        (3, 32, (2, 2)),
        (32, 32, (1, 1)),
        (32, 64, (1, 1)),
    ]


def test_widths_are_resnets_and_it_dilates_as_its_backbone_asks():
    blocks = [m for m in on_meta(ResNeSt50).modules() if isinstance(m, SplitAttentionBottleneck)]
    assert [b.conv2.in_channels for b in blocks] == [64] * 3 + [128] * 4 + [256] * 6 + [512] * 3
    maps = ResNeSt14(output_stride=8).eval()(torch.zeros(1, 3, 64, 96))
    assert [tuple(m.shape[2:]) for m in maps] == [(32, 48), (16, 24), (8, 12), (8, 12), (8, 12)]
