"""Darknet-53: five stages of residual blocks, each opened by a strided 3x3 convolution that doubles the width.

Paper: YOLOv3: An Incremental Improvement (Redmon and Farhadi, 2018), https://arxiv.org/abs/1804.02767
Parameter names are timm's, and so is the slope of the activation for negative values, 0.01, where the paper's release has 0.1.
"""

from collections.abc import Sequence

from mcore.module import Module, ModuleList, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, LeakyReLU
from models.backbones.base import Backbone
from models.basicblocks import ConvBnAct, DarkBlock


class DarkStage(Module):
    """A convolution that halves the resolution, then blocks."""

    def __init__(
        self, *, in_channels: int, out_channels: int, depth: int, norm: type[Module], act: type[Module]
    ) -> None:
        super().__init__()
        self.conv_down = ConvBnAct(in_channels=in_channels, out_channels=out_channels, stride=2, norm=norm, act=act)
        self.blocks = Sequential(*(DarkBlock(in_channels=out_channels, norm=norm, act=act) for _ in range(depth)))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(self.conv_down(x))  # (N, out_channels, H/2, W/2)


class Darknet53(Backbone):
    """The features are the maps of the five stages.

    Args:
        in_channels: of the image.
        depths: blocks in each stage.
        width: channels of the stem; each stage has twice as many as the one before.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        depths: Sequence[int] = (1, 2, 8, 8, 4),
        width: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = LeakyReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        widths = [width * 2**i for i in range(len(depths) + 1)]
        self.channels = tuple(widths[1:])
        self.strides = tuple(2 ** (i + 1) for i in range(len(depths)))
        self.stem = Sequential()
        self.stem.add_module("conv1", ConvBnAct(in_channels=in_channels, out_channels=width, norm=norm, act=act))
        self.stages = ModuleList(
            [
                DarkStage(in_channels=before, out_channels=after, depth=depth, norm=norm, act=act)
                for before, after, depth in zip(widths, widths[1:], depths, strict=False)
            ]
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)  # (N, width, H, W)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)  # (N, channels[i], H/strides[i], W/strides[i])
        return maps
