"""Split attention: a convolution into several maps for each group, and a sum of them weighted by what all places have seen.

Paper: ResNeSt: Split-Attention Networks (Zhang et al., 2022), https://arxiv.org/abs/2004.08955
Parameter names are timm's. As in the paper's release, a block that halves the resolution convolves at the full one and
averages after it, and its shortcut is averaged before the projection.
"""

from typing import ClassVar

import mcore.functional as F
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import AvgPool2d, BatchNorm2d, Conv2d, Identity, ReLU
from models.basicblocks.base import Block
from models.utils import make_divisible


class SplitAttention(Block):
    """A 3x3 convolution to ``radix`` maps of the input's width, summed with weights by a softmax of them for each channel.

    Args:
        in_channels: of the map, and of the result.
        radix: maps that the convolution splits into, two or more.
        dilation: of the convolution.
        groups: the cardinality: groups of channels, each with a convolution and an attention of its own.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: ``radix`` is less than two: there is nothing to weigh.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        radix: int = 2,
        dilation: int = 1,
        groups: int = 1,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        if radix < 2:
            raise ValueError(f"SplitAttention: radix is 2 or more, got {radix}")
        super().__init__()
        self.in_channels, self.radix, self.groups = in_channels, radix, groups
        split = in_channels * radix
        squeezed = max(32, make_divisible(split / 4))
        self.conv = Conv2d(in_channels, split, 3, 1, dilation, dilation, groups * radix, bias=False)
        self.bn0 = norm(split)
        self.act0 = act()
        self.fc1 = Conv2d(in_channels, squeezed, 1, groups=groups)
        self.bn1 = norm(squeezed)
        self.act1 = act()
        self.fc2 = Conv2d(squeezed, split, 1, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act0(self.bn0(self.conv(x)))
        maps = F.unflatten(x, 1, (self.radix, self.in_channels))  # (N, radix, C, H, W)
        seen = F.mean(F.sum(maps, dim=1), dim=(2, 3), keepdim=True)
        scores = self.fc2(self.act1(self.bn1(self.fc1(seen))))  # (N, radix*C, 1, 1), group by group
        scores = F.unflatten(scores, 1, (self.groups, self.radix, self.in_channels // self.groups))
        shares = F.softmax(F.transpose(scores, 1, 2), dim=1)  # (N, radix, groups, C/groups, 1, 1)
        return F.sum(maps * F.flatten(shares, 2, 3), dim=1)  # (N, C, H, W)


class SplitAttentionBottleneck(Block):
    """1x1 convolution, split attention, 1x1 convolution, with a shortcut: the block of ResNeSt.

    Args:
        in_channels: of the map.
        out_channels: of the result, a multiple of four.
        stride: of the averaging after the split attention.
        dilation: of the split attention's convolution.
        groups: the cardinality of the split attention.
        group_width: channels of each group for a result of 256.
        radix: maps that are weighed against one another.
        norm: class, called with the number of channels.
        act: class, called without arguments.
        attention: class of a channel attention, called with ``in_channels``; applied before the sum.
    """

    #: How much wider the result is than the maps inside.
    expansion: ClassVar[int] = 4

    def __init__(
        self,
        *,
        in_channels: int = 256,
        out_channels: int = 256,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        group_width: int = 64,
        radix: int = 2,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
        attention: type[Module] | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        width = out_channels // self.expansion * group_width // 64 * groups
        self.conv1 = Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = norm(width)
        self.act1 = act()
        self.conv2 = SplitAttention(
            in_channels=width, radix=radix, dilation=dilation, groups=groups, norm=norm, act=act
        )
        self.avd_last = Identity() if stride == 1 else AvgPool2d(3, stride, 1)
        self.conv3 = Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = norm(out_channels)
        self.se = attention(in_channels=out_channels) if attention else Identity()
        self.downsample = averaged_shortcut(in_channels, out_channels, stride, norm)
        self.act3 = act()

    def forward(self, x: Tensor) -> Tensor:
        y = self.act1(self.bn1(self.conv1(x)))  # (N, width, H, W)
        y = self.avd_last(self.conv2(y))  # (N, width, H/stride, W/stride)
        y = self.se(self.bn3(self.conv3(y)))  # (N, out_channels, H/stride, W/stride)
        return self.act3(y + self.downsample(x))


def averaged_shortcut(in_channels: int, out_channels: int, stride: int, norm: type[Module]) -> Module:
    """The input itself, or averaged to the new resolution and projected where the block changes its shape."""
    if stride == 1 and in_channels == out_channels:
        return Identity()
    pool = Identity() if stride == 1 else AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)
    return Sequential(pool, Conv2d(in_channels, out_channels, 1, bias=False), norm(out_channels))
