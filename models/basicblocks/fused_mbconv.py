"""The block of EfficientNetV2's early stages: one convolution widens and filters, where MBConv has two.

Paper: EfficientNetV2: Smaller Models and Faster Training (Tan and Le, 2021), https://arxiv.org/abs/2104.00298
"""

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, SiLU
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvNormAct
from models.basicblocks.stochastic_depth import StochasticDepth


class FusedMBConv(Block):
    """A widening convolution and a linear 1x1 projection; added to the input where the shape stays.

    Args:
        in_channels: of the map.
        out_channels: of the result.
        width: channels of the map inside; where they are as many as the input's, one convolution gives the result.
        kernel_size: of the widening convolution.
        stride: of the widening convolution.
        stochastic_depth: share of the images that training leaves the block out for, where there is a sum.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 32,
        out_channels: int = 32,
        width: int = 128,
        kernel_size: int = 3,
        stride: int = 1,
        stochastic_depth: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.residual = stride == 1 and in_channels == out_channels
        inner = width if width != in_channels else out_channels
        steps = [
            ConvNormAct(
                in_channels=in_channels,
                out_channels=inner,
                kernel_size=kernel_size,
                stride=stride,
                norm=norm,
                act=act,
            )
        ]
        if width != in_channels:
            steps.append(ConvNormAct(in_channels=width, out_channels=out_channels, kernel_size=1, norm=norm, act=None))
        self.block = Sequential(*steps)
        self.stochastic_depth = StochasticDepth(share=stochastic_depth)

    def forward(self, x: Tensor) -> Tensor:
        y = self.block(x)  # (N, out_channels, H/stride, W/stride)
        return x + self.stochastic_depth(y) if self.residual else y
