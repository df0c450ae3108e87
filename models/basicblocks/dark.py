"""The residual block of Darknet-53: a 1x1 convolution that narrows and a 3x3 that widens, added to the block's input.

Paper: YOLOv3: An Incremental Improvement (Redmon and Farhadi, 2018), https://arxiv.org/abs/1804.02767
"""

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, LeakyReLU
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvBnAct


class DarkLeakyReLU(LeakyReLU):
    """With Darknet's slope for negative values, 0.1."""

    def __init__(self) -> None:
        super().__init__(0.1)


class DarkBlock(Block):
    """The shape stays; there is no activation after the sum.

    Args:
        in_channels: of the map and of the result.
        width: channels of the map inside; ``None`` for half of ``in_channels``.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        width: int | None = None,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = LeakyReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        inner = in_channels // 2 if width is None else width
        self.conv1 = ConvBnAct(in_channels=in_channels, out_channels=inner, kernel_size=1, norm=norm, act=act)
        self.conv2 = ConvBnAct(in_channels=inner, out_channels=in_channels, norm=norm, act=act)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(self.conv1(x))  # (N, in_channels, H, W)
