"""MobileNet, version 1: a stem and thirteen depthwise separable convolutions.

Paper: MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications (Howard et al., 2017),
https://arxiv.org/abs/1704.04861
Built of the blocks that other networks here have, so its parameter names are theirs; ``key_maps`` takes timm's. As there,
and in the authors' own code, the activation is ReLU6, and the last block keeps the resolution, as its output in the paper's
table has it and not the stride beside.
"""

from typing import ClassVar

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, ReLU6
from models.backbones.base import Backbone
from models.basicblocks import ConvNormAct, SeparableConv
from models.utils import make_divisible

#: Stages of the paper's table 1: channels, blocks; the first block of each but the first halves the resolution.
SETTINGS = ((64, 1), (128, 2), (256, 2), (512, 6), (1024, 2))


class MobileNetV1(Backbone):
    """The features are the maps of the five stages.

    Args:
        in_channels: of the image.
        width: factor of all channel numbers, which are then rounded to multiples of eight.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    key_maps: ClassVar = {
        "timm": (
            (r"^conv_stem\.", "stem.0."),
            (r"^bn1\.", "stem.1."),
            (r"\.conv_dw\.", ".0.0."),
            (r"\.bn1\.", ".0.1."),
            (r"\.conv_pw\.", ".1.0."),
            (r"\.bn2\.", ".1.1."),
        )
    }

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
        self.channels = tuple(make_divisible(base * width) for base, _ in SETTINGS)
        self.strides = (2, 4, 8, 16, 32)
        before = make_divisible(32 * width)
        self.stem = ConvNormAct(in_channels=in_channels, out_channels=before, stride=2, norm=norm, act=act)
        stages = []
        for number, (channels, (_, blocks)) in enumerate(zip(self.channels, SETTINGS, strict=True)):
            stage = []
            for i in range(blocks):
                stride = 2 if number > 0 and i == 0 else 1
                stage.append(
                    SeparableConv(in_channels=before, out_channels=channels, stride=stride, norm=norm, act=act)
                )
                before = channels
            stages.append(Sequential(*stage))
        self.blocks = Sequential(*stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)  # (N, 32, H/2, W/2)
        maps = []
        for stage in self.blocks:
            x = stage(x)  # (N, 64, H/2, W/2), then twice the channels and half the resolution each time
            maps.append(x)
        return maps
