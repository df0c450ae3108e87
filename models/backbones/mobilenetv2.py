"""MobileNetV2: a stem, inverted residual blocks with linear bottlenecks, and a wide 1x1 convolution at the end.

Paper: MobileNetV2: Inverted Residuals and Linear Bottlenecks (Sandler et al., 2018), https://arxiv.org/abs/1801.04381
Parameter names are torchvision's. As there, the last convolution is not narrowed when ``width`` is below one.
"""

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, ReLU6
from models.backbones.base import Backbone
from models.backbones.tapped import feature_taps, tapped
from models.basicblocks import ConvNormAct, InvertedResidual
from models.utils import make_divisible

#: Table 2 of the paper: expansion, channels, blocks, stride of the first block.
SETTINGS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


class MobileNetV2(Backbone):
    """The features are the last maps before each halving of the resolution, and the map of the last convolution.

    Args:
        in_channels: of the image.
        width: factor of all channel numbers, which are then rounded to multiples of eight.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU6,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        channels = make_divisible(32 * width)
        layers: list[Module] = [
            ConvNormAct(in_channels=in_channels, out_channels=channels, stride=2, norm=norm, act=act)
        ]
        given = [(channels, 2)]
        for expansion, base, blocks, first_stride in SETTINGS:
            for i in range(blocks):
                before, channels = channels, make_divisible(base * width)
                stride = first_stride if i == 0 else 1
                block = InvertedResidual(
                    in_channels=before, out_channels=channels, stride=stride, expansion=expansion, norm=norm, act=act
                )
                layers.append(block)
                given.append((channels, given[-1][1] * stride))
        last = make_divisible(1280 * max(1.0, width))
        layers.append(ConvNormAct(in_channels=channels, out_channels=last, kernel_size=1, norm=norm, act=act))
        given.append((last, given[-1][1]))
        self.features = Sequential(*layers)
        self.taps, self.channels, self.strides = feature_taps(given)

    def forward(self, x: Tensor) -> list[Tensor]:
        return tapped(self.features, self.taps, x)
