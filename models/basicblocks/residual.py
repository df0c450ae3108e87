"""The two residual blocks of ResNet: two 3x3 convolutions, or a 3x3 between two 1x1, added to the block's input.

Paper: Deep Residual Learning for Image Recognition (He et al., 2016), https://arxiv.org/abs/1512.03385
The bottleneck strides in its 3x3 convolution, not in its first 1x1 ("version 1.5"), as torchvision's checkpoints need;
dilation and channel attention before the sum are options that the paper does not have. Groups are those of ResNeXt (Xie et
al., 2017, https://arxiv.org/abs/1611.05431), wider inner maps those of Wide ResNet (Zagoruyko and Komodakis, 2016,
https://arxiv.org/abs/1605.07146).
"""

from typing import ClassVar

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Identity, ReLU
from models.basicblocks.base import Block


def shortcut(in_channels: int, out_channels: int, stride: int, norm: type[Module]) -> Module:
    """The input itself, or projected by a 1x1 convolution where the block changes its shape."""
    if stride == 1 and in_channels == out_channels:
        return Identity()
    return Sequential(Conv2d(in_channels, out_channels, 1, stride, bias=False), norm(out_channels))


class BasicBlock(Block):
    """Two 3x3 convolutions with a shortcut.

    Args:
        in_channels: of the map.
        out_channels: of the result.
        stride: of the first convolution.
        dilation: of both convolutions.
        norm: class, called with the number of channels.
        act: class, called without arguments.
        attention: class of a channel attention, called with ``in_channels``; applied before the sum.
    """

    #: How much wider the result is than the maps inside.
    expansion: ClassVar[int] = 1

    def __init__(
        self,
        *,
        in_channels: int = 64,
        out_channels: int = 64,
        stride: int = 1,
        dilation: int = 1,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
        attention: type[Module] | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.conv1 = Conv2d(in_channels, out_channels, 3, stride, dilation, dilation, bias=False)
        self.bn1 = norm(out_channels)
        self.act1 = act()
        self.conv2 = Conv2d(out_channels, out_channels, 3, 1, dilation, dilation, bias=False)
        self.bn2 = norm(out_channels)
        self.se = attention(in_channels=out_channels) if attention else Identity()
        self.downsample = shortcut(in_channels, out_channels, stride, norm)
        self.act2 = act()

    def forward(self, x: Tensor) -> Tensor:
        y = self.act1(self.bn1(self.conv1(x)))  # (N, out_channels, H/stride, W/stride)
        y = self.se(self.bn2(self.conv2(y)))
        return self.act2(y + self.downsample(x))


class Bottleneck(Block):
    """1x1, 3x3 and 1x1 convolutions with a shortcut; the two first are narrower than the result.

    Args:
        in_channels: of the map.
        out_channels: of the result, a multiple of four.
        stride: of the 3x3 convolution.
        dilation: of the 3x3 convolution.
        groups: of the 3x3 convolution: the cardinality of ResNeXt.
        group_width: channels of each group for a result of 256; with 64 in one group the inner maps are four times narrower.
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
        self.conv2 = Conv2d(width, width, 3, stride, dilation, dilation, groups, bias=False)
        self.bn2 = norm(width)
        self.act2 = act()
        self.conv3 = Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = norm(out_channels)
        self.se = attention(in_channels=out_channels) if attention else Identity()
        self.downsample = shortcut(in_channels, out_channels, stride, norm)
        self.act3 = act()

    def forward(self, x: Tensor) -> Tensor:
        y = self.act1(self.bn1(self.conv1(x)))  # (N, width, H, W)
        y = self.act2(self.bn2(self.conv2(y)))  # (N, width, H/stride, W/stride)
        y = self.se(self.bn3(self.conv3(y)))  # (N, out_channels, H/stride, W/stride)
        return self.act3(y + self.downsample(x))
