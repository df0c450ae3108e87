"""Inverted residual blocks: widen by a 1x1 convolution, filter each channel by itself, narrow without an activation.

Papers: MobileNetV2: Inverted Residuals and Linear Bottlenecks (Sandler et al., 2018), https://arxiv.org/abs/1801.04381;
Searching for MobileNetV3 (Howard et al., 2019), https://arxiv.org/abs/1905.02244, for the attention after the filter
The blocks compute the same; they differ in parameter names, which are those of torchvision's networks.
"""

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, ReLU6, SiLU
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvNormAct
from models.basicblocks.stochastic_depth import StochasticDepth


def widen_filter_narrow(
    *,
    in_channels: int,
    width: int,
    out_channels: int,
    kernel_size: int = 3,
    stride: int = 1,
    dilation: int = 1,
    attention: Module | None = None,
    norm: type[Module],
    act: type[Module],
) -> list[Module]:
    """The steps of an inverted residual block; there is nothing to widen where ``width`` is ``in_channels``."""
    steps: list[Module] = []
    if width != in_channels:
        steps.append(ConvNormAct(in_channels=in_channels, out_channels=width, kernel_size=1, norm=norm, act=act))
    depthwise = ConvNormAct(
        in_channels=width,
        out_channels=width,
        kernel_size=kernel_size,
        stride=stride,
        dilation=dilation,
        groups=width,
        norm=norm,
        act=act,
    )
    steps.append(depthwise)
    if attention is not None:
        steps.append(attention)
    return [*steps, ConvNormAct(in_channels=width, out_channels=out_channels, kernel_size=1, norm=norm, act=None)]


class InvertedResidual(Block):
    """The block of MobileNetV2: expansion, depthwise 3x3 and linear projection; added to the input where the shape stays.

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
        *steps, project = widen_filter_narrow(
            in_channels=in_channels,
            width=in_channels * expansion,
            out_channels=out_channels,
            stride=stride,
            norm=norm,
            act=act,
        )
        self.conv = Sequential(*steps, *project)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)  # (N, out_channels, H/stride, W/stride)
        return x + y if self.residual else y


class MBConv(Block):
    """The block of MobileNetV3 and EfficientNet: any width, kernel and attention; added to the input where the shape stays.

    Args:
        in_channels: of the map.
        out_channels: of the result.
        width: channels of the maps inside; where they are as many as the input's, the widening convolution is left out.
        kernel_size: of the depthwise convolution.
        stride: of the depthwise convolution.
        dilation: of the depthwise convolution.
        attention: weights the filtered maps, which have ``width`` channels.
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
        kernel_size: int = 5,
        stride: int = 1,
        dilation: int = 1,
        attention: Module | None = None,
        stochastic_depth: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.residual = stride == 1 and in_channels == out_channels
        steps = widen_filter_narrow(
            in_channels=in_channels,
            width=width,
            out_channels=out_channels,
            kernel_size=kernel_size,
            stride=stride,
            dilation=dilation,
            attention=attention,
            norm=norm,
            act=act,
        )
        self.block = Sequential(*steps)
        self.stochastic_depth = StochasticDepth(share=stochastic_depth)

    def forward(self, x: Tensor) -> Tensor:
        y = self.block(x)  # (N, out_channels, H/stride, W/stride)
        return x + self.stochastic_depth(y) if self.residual else y
