"""Depthwise separable convolution: each channel is filtered by itself, then the channels are mixed place by place.

Paper: MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications (Howard et al., 2017),
https://arxiv.org/abs/1704.04861
"""

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, ReLU
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvNormAct


class SeparableConv(Block, Sequential):
    """A depthwise convolution and a 1x1 one, each with ``norm``, and with ``act`` after the second, by default after both.

    Args:
        in_channels: of the map.
        out_channels: of the result.
        kernel_size: of the depthwise convolution, odd.
        stride: of the depthwise convolution.
        norm: class, called with the number of channels.
        act: class, called without arguments.
        act_between: the depthwise convolution has an activation, too.

    Raises:
        ValueError: ``kernel_size`` is even.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        out_channels: int = 64,
        kernel_size: int = 3,
        stride: int = 1,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
        act_between: bool = True,
    ) -> None:
        depthwise = ConvNormAct(
            in_channels=in_channels,
            out_channels=in_channels,
            kernel_size=kernel_size,
            stride=stride,
            groups=in_channels,
            norm=norm,
            act=act if act_between else None,
        )
        mixed = ConvNormAct(in_channels=in_channels, out_channels=out_channels, kernel_size=1, norm=norm, act=act)
        super().__init__(depthwise, mixed)
        self.in_channels = in_channels

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)  # (N, out_channels, H/stride, W/stride)
