"""DenseNet: four blocks of densely connected layers, with transitions that halve the width and the resolution between them.

Paper: Densely Connected Convolutional Networks (Huang et al., 2017), https://arxiv.org/abs/1608.06993
This is "DenseNet-BC": with bottlenecks and compression by a half. Parameter names are torchvision's.
"""

from collections.abc import Sequence

from mcore.init import kaiming_normal_
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import AvgPool2d, BatchNorm2d, Conv2d, MaxPool2d, ReLU
from models.backbones.base import Backbone
from models.basicblocks import DenseBlock


class Transition(Module):
    """Between two blocks: norm and activation, whose map is handed out, then 1x1 convolution and pooling, which rounds down."""

    def __init__(self, *, in_channels: int, out_channels: int, norm: type[Module], act: type[Module]) -> None:
        super().__init__()
        self.norm = norm(in_channels)
        self.act = act()
        self.conv = Conv2d(in_channels, out_channels, 1, bias=False)
        self.pool = AvgPool2d(2, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.act(self.norm(x))  # (N, in_channels, H, W)
        return x, self.pool(self.conv(x))  # (N, out_channels, H/2, W/2)


class DenseNet(Backbone):
    """The features are the stem's map and those of the four blocks, each normalized and activated.

    Args:
        depths: layers in each block.
        in_channels: of the image.
        width: of the stem.
        growth: channels that each layer adds.
        dropout: share of the values of each dense layer that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: ``depths`` are not of four blocks.
    """

    def __init__(
        self,
        *,
        depths: Sequence[int],
        in_channels: int = 3,
        width: int = 64,
        growth: int = 32,
        dropout: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        if len(depths) != 4:
            raise ValueError(f"{type(self).__name__}: depths are of four blocks, got {tuple(depths)}")
        super().__init__()
        self.in_channels = in_channels
        self.strides = (2, 4, 8, 16, 32)
        self.features = Sequential()
        self.features.add_module("conv0", Conv2d(in_channels, width, 7, 2, 3, bias=False))
        self.features.add_module("norm0", norm(width))
        self.act0 = act()
        self.pool0 = MaxPool2d(3, 2, 1)
        channels = [width]
        for i, depth in enumerate(depths, start=1):
            block = DenseBlock(in_channels=width, depth=depth, growth=growth, dropout=dropout, norm=norm, act=act)
            self.features.add_module(f"denseblock{i}", block)
            channels.append(width + depth * growth)
            width = channels[-1] // 2
            if i < 4:
                transition = Transition(in_channels=channels[-1], out_channels=width, norm=norm, act=act)
                self.features.add_module(f"transition{i}", transition)
        self.features.add_module("norm5", norm(channels[-1]))
        self.act5 = act()
        self.channels = tuple(channels)
        for module in self.modules():
            if isinstance(module, Conv2d):
                kaiming_normal_(module.weight)

    def forward(self, x: Tensor) -> list[Tensor]:
        f = self.features
        stem = self.act0(f.norm0(f.conv0(x)))  # (N, width, H/2, W/2)
        x1, x = f.transition1(f.denseblock1(self.pool0(stem)))  # (N, C1, H/4, W/4)
        x2, x = f.transition2(f.denseblock2(x))  # (N, C2, H/8, W/8)
        x3, x = f.transition3(f.denseblock3(x))  # (N, C3, H/16, W/16)
        x4 = self.act5(f.norm5(f.denseblock4(x)))  # (N, C4, H/32, W/32)
        return [stem, x1, x2, x3, x4]


class DenseNet121(DenseNet):
    """121 layers: blocks of (6, 12, 24, 16); parameters as for :class:`DenseNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        dropout: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(depths=(6, 12, 24, 16), in_channels=in_channels, dropout=dropout, norm=norm, act=act)


class DenseNet169(DenseNet):
    """169 layers: blocks of (6, 12, 32, 32); parameters as for :class:`DenseNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        dropout: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(depths=(6, 12, 32, 32), in_channels=in_channels, dropout=dropout, norm=norm, act=act)
