"""The bottleneck of CSPNet: 1x1, 3x3 and 1x1 convolutions on a map whose shape stays, added to it.

Paper: CSPNet: A New Backbone that can Enhance Learning Capability of CNN (Wang et al., 2020), https://arxiv.org/abs/1911.11929
It is ResNet's, narrowed by two in place of four, with timm's parameter names.
"""

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, LeakyReLU
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvBnAct


class CSPBottleneck(Block):
    """Three convolutions with a shortcut, and an activation after the sum.

    Args:
        in_channels: of the map and of the result.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self, *, in_channels: int = 64, norm: type[Module] = BatchNorm2d, act: type[Module] = LeakyReLU
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        width = in_channels // 2
        self.conv1 = ConvBnAct(in_channels=in_channels, out_channels=width, kernel_size=1, norm=norm, act=act)
        self.conv2 = ConvBnAct(in_channels=width, out_channels=width, norm=norm, act=act)
        self.conv3 = ConvBnAct(in_channels=width, out_channels=in_channels, kernel_size=1, norm=norm, act=None)
        self.act3 = act()

    def forward(self, x: Tensor) -> Tensor:
        return self.act3(x + self.conv3(self.conv2(self.conv1(x))))  # (N, in_channels, H, W)
