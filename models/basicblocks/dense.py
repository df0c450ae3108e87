"""The block of DenseNet: every layer sees the maps of all layers before it and adds a few channels of its own.

Paper: Densely Connected Convolutional Networks (Huang et al., 2017), https://arxiv.org/abs/1608.06993
"""

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Dropout, ReLU
from models.basicblocks.base import Block


class DenseLayer(Module):
    """Norm, activation and 1x1 convolution to ``4 * growth`` channels, then the same with 3x3 to ``growth`` ("DenseNet-B")."""

    def __init__(self, *, in_channels: int, growth: int, dropout: float, norm: type[Module], act: type[Module]) -> None:
        super().__init__()
        self.norm1 = norm(in_channels)
        self.act1 = act()
        self.conv1 = Conv2d(in_channels, 4 * growth, 1, bias=False)
        self.norm2 = norm(4 * growth)
        self.act2 = act()
        self.conv2 = Conv2d(4 * growth, growth, 3, padding=1, bias=False)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(self.act1(self.norm1(x)))  # (N, 4*growth, H, W)
        return self.dropout(self.conv2(self.act2(self.norm2(x))))  # (N, growth, H, W)


class DenseBlock(Block):
    """``depth`` dense layers; the result is the input and what each of them adds.

    Args:
        in_channels: of the map; the result has ``depth * growth`` more.
        depth: number of layers.
        growth: channels that each layer adds.
        dropout: share of the values of each layer that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        depth: int = 4,
        growth: int = 32,
        dropout: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        for i in range(depth):
            layer = DenseLayer(in_channels=in_channels + i * growth, growth=growth, dropout=dropout, norm=norm, act=act)
            self.add_module(f"denselayer{i + 1}", layer)

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        for layer in self.children():
            maps.append(layer(F.cat(maps, dim=1)))  # (N, growth, H, W)
        return F.cat(maps, dim=1)  # (N, in_channels + depth*growth, H, W)
