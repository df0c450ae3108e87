"""DLA, deep layer aggregation: trees of blocks, whose roots gather what their leaves give and what went into a stage.

Paper: Deep Layer Aggregation (Yu et al., 2018), https://arxiv.org/abs/1707.06484
Parameter names are timm's. Poolings round up, as strided convolutions do, so that images of any size fit; at multiples of 32 it
is the same.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Identity, MaxPool2d, ReLU
from models.backbones.base import Backbone
from models.basicblocks import ConvNormAct


class Leaf(Module):
    """Two 3x3 convolutions, and the sum with a shortcut that is given."""

    def __init__(
        self, *, in_channels: int, out_channels: int, stride: int, norm: type[Module], act: type[Module]
    ) -> None:
        super().__init__()
        self.conv1 = Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = norm(out_channels)
        self.act1 = act()
        self.conv2 = Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = norm(out_channels)
        self.act2 = act()

    def forward(self, x: Tensor, shortcut: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.act1(self.bn1(self.conv1(x)))))
        return self.act2(y + shortcut)  # (N, out_channels, H/stride, W/stride)


class Root(Module):
    """A 1x1 convolution over several maps."""

    def __init__(self, *, in_channels: int, out_channels: int, norm: type[Module], act: type[Module]) -> None:
        super().__init__()
        self.conv = Conv2d(in_channels, out_channels, 1, bias=False)
        self.bn = norm(out_channels)
        self.act = act()

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        return self.act(self.bn(self.conv(F.cat(maps, dim=1))))  # (N, out_channels, H, W)


class Tree(Module):
    """Two leaves and their root.

    Args:
        in_channels: of the map.
        out_channels: of the result.
        stride: of the first leaf.
        gathers_input: the root takes the input, pooled to the result's resolution, too.
        gathered: channels of the other maps that the root takes.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        out_channels: int,
        stride: int,
        gathers_input: bool = False,
        gathered: int = 0,
        norm: type[Module],
        act: type[Module],
    ) -> None:
        super().__init__()
        self.gathers_input = gathers_input
        self.downsample = MaxPool2d(stride, stride, ceil_mode=True) if stride > 1 else Identity()
        same = in_channels == out_channels
        self.project = (
            Identity()
            if same
            else ConvNormAct(in_channels=in_channels, out_channels=out_channels, kernel_size=1, norm=norm, act=None)
        )
        self.tree1 = Leaf(in_channels=in_channels, out_channels=out_channels, stride=stride, norm=norm, act=act)
        self.tree2 = Leaf(in_channels=out_channels, out_channels=out_channels, stride=1, norm=norm, act=act)
        inputs = 2 * out_channels + gathered + (in_channels if gathers_input else 0)
        self.root = Root(in_channels=inputs, out_channels=out_channels, norm=norm, act=act)

    def forward(self, x: Tensor, others: Sequence[Tensor] = ()) -> Tensor:
        pooled = self.downsample(x)  # (N, in_channels, H/stride, W/stride)
        first = self.tree1(x, self.project(pooled))  # (N, out_channels, H/stride, W/stride)
        second = self.tree2(first, first)
        return self.root([second, first, *([pooled] if self.gathers_input else []), *others])


class DeepTree(Module):
    """A tree of two trees: the root of the second one also takes the pooled input and what the first one gave.

    Args:
        in_channels: of the map.
        out_channels: of the result, at half the resolution.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(self, *, in_channels: int, out_channels: int, norm: type[Module], act: type[Module]) -> None:
        super().__init__()
        self.downsample = MaxPool2d(2, 2, ceil_mode=True)
        self.tree1 = Tree(in_channels=in_channels, out_channels=out_channels, stride=2, norm=norm, act=act)
        self.tree2 = Tree(
            in_channels=out_channels,
            out_channels=out_channels,
            stride=1,
            gathered=in_channels + out_channels,
            norm=norm,
            act=act,
        )

    def forward(self, x: Tensor) -> Tensor:
        first = self.tree1(x)  # (N, out_channels, H/2, W/2)
        return self.tree2(first, [self.downsample(x), first])


class DLA34(Backbone):
    """34 layers; the features are the maps of the six levels.

    Args:
        in_channels: of the image.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(self, *, in_channels: int = 3, norm: type[Module] = BatchNorm2d, act: type[Module] = ReLU) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.channels = (16, 32, 64, 128, 256, 512)
        self.strides = (1, 2, 4, 8, 16, 32)
        options: dict[str, type[Module]] = {"norm": norm, "act": act}
        self.base_layer = ConvNormAct(in_channels=in_channels, out_channels=16, kernel_size=7, **options)
        self.level0 = ConvNormAct(in_channels=16, out_channels=16, **options)
        self.level1 = ConvNormAct(in_channels=16, out_channels=32, stride=2, **options)
        self.level2 = Tree(in_channels=32, out_channels=64, stride=2, **options)
        self.level3 = DeepTree(in_channels=64, out_channels=128, **options)
        self.level4 = DeepTree(in_channels=128, out_channels=256, **options)
        self.level5 = Tree(in_channels=256, out_channels=512, stride=2, gathers_input=True, **options)

    def forward(self, x: Tensor) -> list[Tensor]:
        x0 = self.level0(self.base_layer(x))  # (N, 16, H, W)
        x1 = self.level1(x0)  # (N, 32, H/2, W/2)
        x2 = self.level2(x1)  # (N, 64, H/4, W/4)
        x3 = self.level3(x2)  # (N, 128, H/8, W/8)
        x4 = self.level4(x3)  # (N, 256, H/16, W/16)
        x5 = self.level5(x4)  # (N, 512, H/32, W/32)
        return [x0, x1, x2, x3, x4, x5]
