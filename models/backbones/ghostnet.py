"""GhostNet: bottlenecks after MobileNetV3's, whose 1x1 convolutions compute half of their channels by cheap filters.

Paper: GhostNet: More Features from Cheap Operations (Han et al., 2020), https://arxiv.org/abs/1911.11907
Built of the blocks that other networks here have, so its parameter names are theirs; ``key_maps`` takes timm's.
"""

from typing import ClassVar

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Hardsigmoid, ReLU
from models.attention import SqueezeExcitation
from models.backbones.base import Backbone
from models.backbones.tapped import feature_taps, tapped
from models.basicblocks import ConvNormAct, GhostBottleneck
from models.utils import make_divisible

#: Table 1 of the paper, by stage: kernel, width inside, channels, attention, stride of each block.
SETTINGS = (
    ((3, 16, 16, False, 1),),
    ((3, 48, 24, False, 2),),
    ((3, 72, 24, False, 1),),
    ((5, 72, 40, True, 2),),
    ((5, 120, 40, True, 1),),
    ((3, 240, 80, False, 2),),
    (
        (3, 200, 80, False, 1),
        (3, 184, 80, False, 1),
        (3, 184, 80, False, 1),
        (3, 480, 112, True, 1),
        (3, 672, 112, True, 1),
    ),
    ((5, 672, 160, True, 2),),
    (
        (5, 960, 160, False, 1),
        (5, 960, 160, True, 1),
        (5, 960, 160, False, 1),
        (5, 960, 160, True, 1),
    ),
)


class GhostNet(Backbone):
    """The features are the last maps before each halving of the resolution, and the map of the last convolution.

    Args:
        in_channels: of the image.
        width: factor of all channel numbers, which are then rounded to multiples of four.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    key_maps: ClassVar = {
        "timm": (
            (r"^conv_stem\.", "stem.0."),
            (r"^bn1\.", "stem.1."),
            (r"\.conv_dw\.", ".depthwise.0."),
            (r"\.bn_dw\.", ".depthwise.1."),
            (r"\.conv_reduce\.", ".fc1."),
            (r"\.conv_expand\.", ".fc2."),
            (r"\.conv\.", ".0."),
            (r"\.bn1\.", ".1."),
        )
    }

    def __init__(
        self,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        channels, inner, reached = make_divisible(16 * width, 4), 0, 2
        self.stem = ConvNormAct(in_channels=in_channels, out_channels=channels, stride=2, norm=norm, act=act)
        stages, given = [], []
        for rows in SETTINGS:
            stage = []
            for kernel_size, base_inner, base, attention, stride in rows:
                before, channels = channels, make_divisible(base * width, 4)
                inner = make_divisible(base_inner * width, 4)
                block = GhostBottleneck(
                    in_channels=before,
                    out_channels=channels,
                    width=inner,
                    kernel_size=kernel_size,
                    stride=stride,
                    attention=_attention(inner) if attention else None,
                    norm=norm,
                    act=act,
                )
                stage.append(block)
                reached *= stride
            stages.append(Sequential(*stage))
            given.append((channels, reached))
        # As wide as the last block inside.
        last = ConvNormAct(in_channels=channels, out_channels=inner, kernel_size=1, norm=norm, act=act)
        self.blocks = Sequential(*stages, Sequential(last))
        self.taps, self.channels, self.strides = feature_taps([*given, (inner, reached)])

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)  # (N, 16, H/2, W/2)
        return tapped(self.blocks, self.taps, x)


def _attention(channels: int) -> SqueezeExcitation:
    return SqueezeExcitation(in_channels=channels, squeezed=make_divisible(channels / 4, 4), gate=Hardsigmoid)
