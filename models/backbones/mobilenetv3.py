"""MobileNetV3: inverted residual blocks found by search, with channel attention and the hard swish in the deeper ones.

Paper: Searching for MobileNetV3 (Howard et al., 2019), https://arxiv.org/abs/1905.02244
Parameter names are torchvision's, and as there the attention squeezes to a multiple of eight channels near a quarter. The
last blocks can be dilated in place of strided, as the paper does for segmentation.
"""

from collections.abc import Sequence
from typing import Any

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Hardsigmoid, Hardswish, ReLU
from models.attention import SqueezeExcitation
from models.backbones.base import Backbone
from models.backbones.tapped import feature_taps, tapped
from models.basicblocks import ConvNormAct, MBConv
from models.utils import make_divisible

#: A block of the paper's tables: kernel, width inside, channels, attention, hard swish (else ReLU), stride.
Row = tuple[int, int, int, bool, bool, int]

#: Table 1 of the paper.
LARGE: tuple[Row, ...] = (
    (3, 16, 16, False, False, 1),
    (3, 64, 24, False, False, 2),
    (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2),
    (5, 120, 40, True, False, 1),
    (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2),
    (3, 200, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 480, 112, True, True, 1),
    (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2),
    (5, 960, 160, True, True, 1),
    (5, 960, 160, True, True, 1),
)

#: Table 2 of the paper.
SMALL: tuple[Row, ...] = (
    (3, 16, 16, True, False, 2),
    (3, 72, 24, False, False, 2),
    (3, 88, 24, False, False, 1),
    (5, 96, 40, True, True, 2),
    (5, 240, 40, True, True, 1),
    (5, 240, 40, True, True, 1),
    (5, 120, 48, True, True, 1),
    (5, 144, 48, True, True, 1),
    (5, 288, 96, True, True, 2),
    (5, 576, 96, True, True, 1),
    (5, 576, 96, True, True, 1),
)


class SteadyBatchNorm2d(BatchNorm2d):
    """Batch normalization as the paper trains with: epsilon 0.001, and running statistics that move by a hundredth."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=0.001, momentum=0.01)


class MobileNetV3(Backbone):
    """The features are one map of each resolution, and the map of the last convolution.

    Args:
        settings: a row of numbers for each block: kernel, width inside, channels, attention, hard swish, stride.
        in_channels: of the image.
        width: factor of all channel numbers, which are then rounded to multiples of eight.
        output_stride: 32; 16 or 8 dilate the blocks from there on in place of striding.
        first: the features are the first maps of each resolution, in place of the last before each halving.
        norm: class, called with the number of channels.
        act: class, called without arguments, where the paper has the hard swish; the other blocks keep ReLU.

    Raises:
        ValueError: ``output_stride`` is another.
    """

    def __init__(
        self,
        *,
        settings: Sequence[Row],
        in_channels: int = 3,
        width: float = 1.0,
        output_stride: int = 32,
        first: bool = False,
        norm: type[Module] = SteadyBatchNorm2d,
        act: type[Module] = Hardswish,
    ) -> None:
        if output_stride not in (8, 16, 32):
            raise ValueError(f"{type(self).__name__}: output_stride is 8, 16 or 32, got {output_stride}")
        super().__init__()
        self.in_channels = in_channels
        channels, reached, dilation = make_divisible(16 * width), 2, 1
        stem = ConvNormAct(in_channels=in_channels, out_channels=channels, stride=2, norm=norm, act=act)
        layers, given = [stem], [(channels, reached)]
        for kernel_size, inner, base, attention, hard, stride in settings:
            before, channels, inner = channels, make_divisible(base * width), make_divisible(inner * width)
            if reached * stride > output_stride:
                stride, dilation = 1, dilation * stride
            block = MBConv(
                in_channels=before,
                out_channels=channels,
                width=inner,
                kernel_size=kernel_size,
                stride=stride,
                dilation=dilation,
                attention=_attention(inner) if attention else None,
                norm=norm,
                act=act if hard else ReLU,
            )
            layers.append(block)
            reached *= stride
            given.append((channels, reached))
        last = 6 * channels
        layers.append(ConvNormAct(in_channels=channels, out_channels=last, kernel_size=1, norm=norm, act=act))
        self.features = Sequential(*layers)
        self.taps, self.channels, self.strides = feature_taps([*given, (last, reached)], first=first)

    def forward(self, x: Tensor) -> list[Tensor]:
        return tapped(self.features, self.taps, x)


def _attention(channels: int) -> SqueezeExcitation:
    return SqueezeExcitation(in_channels=channels, squeezed=make_divisible(channels // 4), gate=Hardsigmoid)


class MobileNetV3Large(MobileNetV3):
    """The larger network, 15 blocks; parameters as for :class:`MobileNetV3`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        output_stride: int = 32,
        first: bool = False,
        norm: type[Module] = SteadyBatchNorm2d,
        act: type[Module] = Hardswish,
    ) -> None:
        options: dict[str, Any] = {"output_stride": output_stride, "first": first, "norm": norm, "act": act}
        super().__init__(settings=LARGE, in_channels=in_channels, width=width, **options)


class MobileNetV3Small(MobileNetV3):
    """The smaller network, 11 blocks; parameters as for :class:`MobileNetV3`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        output_stride: int = 32,
        first: bool = False,
        norm: type[Module] = SteadyBatchNorm2d,
        act: type[Module] = Hardswish,
    ) -> None:
        options: dict[str, Any] = {"output_stride": output_stride, "first": first, "norm": norm, "act": act}
        super().__init__(settings=SMALL, in_channels=in_channels, width=width, **options)
