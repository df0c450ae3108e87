"""The block of Res2Net: a bottleneck whose 3x3 convolution is a chain of narrow ones, each seeing what the last one gave.

Paper: Res2Net: A New Multi-scale Backbone Architecture (Gao et al., 2021), https://arxiv.org/abs/1904.01169
Parameter names are timm's. As in the paper's release, blocks that change the shape have no chain, their groups are filtered
side by side, and the last group is pooled to the new size.
"""

from typing import ClassVar

import mcore.functional as F
from mcore.module import Module, ModuleList
from mcore.tensor import Tensor
from models import AvgPool2d, BatchNorm2d, Conv2d, Identity, ReLU
from models.basicblocks.base import Block
from models.basicblocks.residual import shortcut


class Res2Bottleneck(Block):
    """1x1 convolution, ``scale`` groups of channels in a chain of 3x3 convolutions, 1x1 convolution, and a shortcut.

    Args:
        in_channels: of the map.
        out_channels: of the result, a multiple of four.
        stride: of the 3x3 convolutions.
        dilation: of the 3x3 convolutions.
        groups: of each 3x3 convolution.
        group_width: channels of each step of the chain for a result of 256.
        scale: steps of the chain; the last one is not filtered.
        norm: class, called with the number of channels.
        act: class, called without arguments.
        attention: class of a channel attention, called with ``in_channels``; applied before the sum.
    """

    #: How much wider the result is than ResNet's maps inside.
    expansion: ClassVar[int] = 4

    def __init__(
        self,
        *,
        in_channels: int = 256,
        out_channels: int = 256,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        group_width: int = 26,
        scale: int = 4,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
        attention: type[Module] | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.width = width = out_channels // self.expansion * group_width // 64 * groups
        self.chained = stride == 1 and in_channels == out_channels
        self.conv1 = Conv2d(in_channels, width * scale, 1, bias=False)
        self.bn1 = norm(width * scale)
        steps = range(scale - 1)
        self.convs = ModuleList(
            [Conv2d(width, width, 3, stride, dilation, dilation, groups, bias=False) for _ in steps]
        )
        self.bns = ModuleList([norm(width) for _ in steps])
        self.pool = Identity() if self.chained else AvgPool2d(3, stride, 1)
        self.conv3 = Conv2d(width * scale, out_channels, 1, bias=False)
        self.bn3 = norm(out_channels)
        self.se = attention(in_channels=out_channels) if attention else Identity()
        self.downsample = shortcut(in_channels, out_channels, stride, norm)
        self.act = act()

    def forward(self, x: Tensor) -> Tensor:
        groups = F.split(self.act(self.bn1(self.conv1(x))), self.width, dim=1)  # of (N, width, H, W)
        done: list[Tensor] = []
        for group, conv, bn in zip(groups, self.convs, self.bns, strict=False):
            seen = done[-1] + group if done and self.chained else group
            done.append(self.act(bn(conv(seen))))  # (N, width, H/stride, W/stride)
        y = F.cat([*done, self.pool(groups[-1])], dim=1)
        y = self.se(self.bn3(self.conv3(y)))  # (N, out_channels, H/stride, W/stride)
        return self.act(y + self.downsample(x))
