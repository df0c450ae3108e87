"""ShuffleNetV2: stages of units that filter half of the channels and interleave them with the other half.

Paper: ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design (Ma et al., 2018),
https://arxiv.org/abs/1807.11164
Parameter names are torchvision's.
"""

from collections.abc import Sequence

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, MaxPool2d, ReLU
from models.backbones.base import Backbone
from models.basicblocks import ConvNormAct, ShuffleUnit

#: Channels of the stem, and units of the three stages, of all variants.
STEM, UNITS = 24, (4, 8, 4)


class ShuffleNetV2(Backbone):
    """The features are the stem's map, the same pooled, those of two stages, and the last convolution's.

    Args:
        widths: channels of the three stages and of the last convolution.
        in_channels: of the image.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: there are not four widths.
    """

    def __init__(
        self,
        *,
        widths: Sequence[int],
        in_channels: int = 3,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        if len(widths) != 4:
            raise ValueError(
                f"{type(self).__name__}: widths are of three stages and a convolution, got {tuple(widths)}"
            )
        super().__init__()
        *stages, last = widths
        self.in_channels = in_channels
        self.channels = (STEM, STEM, *stages[:2], last)
        self.strides = (2, 4, 8, 16, 32)
        self.conv1 = ConvNormAct(in_channels=in_channels, out_channels=STEM, stride=2, norm=norm, act=act)
        self.maxpool = MaxPool2d(3, 2, 1)
        self.stage2, self.stage3, self.stage4 = (
            _stage(before, after, units, norm, act)
            for before, after, units in zip((STEM, *stages), stages, UNITS, strict=False)
        )
        self.conv5 = ConvNormAct(in_channels=stages[-1], out_channels=last, kernel_size=1, norm=norm, act=act)

    def forward(self, x: Tensor) -> list[Tensor]:
        stem = self.conv1(x)  # (N, 24, H/2, W/2)
        pooled = self.maxpool(stem)  # (N, 24, H/4, W/4)
        x2 = self.stage2(pooled)  # (N, C2, H/8, W/8)
        x3 = self.stage3(x2)  # (N, C3, H/16, W/16)
        x4 = self.conv5(self.stage4(x3))  # (N, C5, H/32, W/32)
        return [stem, pooled, x2, x3, x4]


def _stage(in_channels: int, out_channels: int, units: int, norm: type[Module], act: type[Module]) -> Sequential:
    first = ShuffleUnit(in_channels=in_channels, out_channels=out_channels, stride=2, norm=norm, act=act)
    others = [
        ShuffleUnit(in_channels=out_channels, out_channels=out_channels, norm=norm, act=act) for _ in range(units - 1)
    ]
    return Sequential(first, *others)


class ShuffleNetV2X0_5(ShuffleNetV2):
    """Of half the width; parameters as for :class:`ShuffleNetV2`."""

    def __init__(self, *, in_channels: int = 3, norm: type[Module] = BatchNorm2d, act: type[Module] = ReLU) -> None:
        super().__init__(widths=(48, 96, 192, 1024), in_channels=in_channels, norm=norm, act=act)


class ShuffleNetV2X1_0(ShuffleNetV2):
    """Of the paper's width; parameters as for :class:`ShuffleNetV2`."""

    def __init__(self, *, in_channels: int = 3, norm: type[Module] = BatchNorm2d, act: type[Module] = ReLU) -> None:
        super().__init__(widths=(116, 232, 464, 1024), in_channels=in_channels, norm=norm, act=act)
