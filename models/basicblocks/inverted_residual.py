"""The block of MobileNetV2: widen by a 1x1 convolution, filter each channel by itself, narrow without an activation.

Paper: MobileNetV2: Inverted Residuals and Linear Bottlenecks (Sandler et al., 2018), https://arxiv.org/abs/1801.04381
"""

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, ReLU6
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvNormAct


class InvertedResidual(Block):
    """Expansion, depthwise 3x3 and linear projection; added to the input where the shape stays.

    Args:
        in_channels: of the map.
        out_channels: of the result.
        stride: of the depthwise convolution.
        expansion: how much wider the maps inside are than the input; 1 leaves the widening convolution out.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 32,
        out_channels: int = 32,
        stride: int = 1,
        expansion: int = 6,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU6,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.residual = stride == 1 and in_channels == out_channels
        width = in_channels * expansion
        layers: list[Module] = []
        if expansion != 1:
            layers.append(ConvNormAct(in_channels=in_channels, out_channels=width, kernel_size=1, norm=norm, act=act))
        layers.append(
            ConvNormAct(in_channels=width, out_channels=width, stride=stride, groups=width, norm=norm, act=act)
        )
        layers += [Conv2d(width, out_channels, 1, bias=False), norm(out_channels)]
        self.conv = Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)  # (N, out_channels, H/stride, W/stride)
        return x + y if self.residual else y
