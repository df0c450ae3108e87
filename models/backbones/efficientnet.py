"""EfficientNet: mobile inverted bottlenecks with channel attention, scaled in width and depth by one rule.

Paper: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks (Tan and Le, 2019),
https://arxiv.org/abs/1905.11946
Parameter names are torchvision's. Stochastic depth, which the paper trains with at 0.2, is off unless it is asked for.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, SiLU
from models.attention import SqueezeExcitation
from models.backbones.base import Backbone
from models.backbones.tapped import feature_taps, tapped
from models.basicblocks import ConvNormAct, FusedMBConv, MBConv
from models.utils import make_divisible

#: A stage: fused (see :mod:`models.backbones.efficientnetv2`), expansion, kernel, stride of the first block, channels, blocks.
Stage = tuple[bool, int, int, int, int, int]

#: Table 1 of the paper.
SETTINGS: tuple[Stage, ...] = (
    (False, 1, 3, 1, 16, 1),
    (False, 6, 3, 2, 24, 2),
    (False, 6, 5, 2, 40, 2),
    (False, 6, 3, 2, 80, 3),
    (False, 6, 5, 1, 112, 3),
    (False, 6, 5, 2, 192, 4),
    (False, 6, 3, 1, 320, 1),
)


class EfficientNet(Backbone):
    """The features are the last maps before each halving of the resolution, and the map of the last convolution.

    Args:
        settings: a row for each stage: fused, expansion, kernel, stride of the first block, channels, blocks.
        stem: channels of the first convolution.
        last: channels of the last convolution; ``None`` for four times those of the last stage.
        width: factor of the channel numbers but ``last``, which are then rounded to multiples of eight.
        depth: factor of the number of blocks of each stage, which is then rounded up.
        in_channels: of the image.
        stochastic_depth: share of the images for which training leaves the last block out; it grows evenly from 0 at the first.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        settings: Sequence[Stage],
        stem: int,
        last: int | None = None,
        width: float = 1.0,
        depth: float = 1.0,
        in_channels: int = 3,
        stochastic_depth: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        channels, reached, built = make_divisible(stem * width), 2, 0
        total = sum(ceil(blocks * depth) for *_, blocks in settings)
        layers: list[Module] = [
            ConvNormAct(in_channels=in_channels, out_channels=channels, stride=2, norm=norm, act=act)
        ]
        given = [(channels, reached)]
        for fused, expansion, kernel_size, stride, base, blocks in settings:
            stage = []
            for _ in range(ceil(blocks * depth)):
                before, channels = channels, make_divisible(base * width)
                block = _block(
                    fused,
                    before,
                    expansion,
                    out_channels=channels,
                    kernel_size=kernel_size,
                    stride=1 if stage else stride,
                    stochastic_depth=stochastic_depth * built / total,
                    norm=norm,
                    act=act,
                )
                stage.append(block)
                built += 1
            layers.append(Sequential(*stage))
            reached *= stride
            given.append((channels, reached))
        last = last or 4 * channels
        layers.append(ConvNormAct(in_channels=channels, out_channels=last, kernel_size=1, norm=norm, act=act))
        self.features = Sequential(*layers)
        self.taps, self.channels, self.strides = feature_taps([*given, (last, reached)])

    def forward(self, x: Tensor) -> list[Tensor]:
        return tapped(self.features, self.taps, x)


def _block(fused: bool, before: int, expansion: int, **options: Any) -> Module:
    """A block; the attention of one that is not fused squeezes to a quarter of the channels of its input."""
    width = make_divisible(before * expansion)
    if fused:
        return FusedMBConv(in_channels=before, width=width, **options)
    attention = SqueezeExcitation(in_channels=width, squeezed=max(1, before // 4), act=options["act"])
    return MBConv(in_channels=before, width=width, attention=attention, **options)


class EfficientNetB0(EfficientNet):
    """The network that was searched for, 16 blocks; parameters as for :class:`EfficientNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        stochastic_depth: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__(
            settings=SETTINGS, stem=32, in_channels=in_channels, stochastic_depth=stochastic_depth, norm=norm, act=act
        )


class EfficientNetB1(EfficientNet):
    """Deeper by 1.1, 23 blocks; parameters as for :class:`EfficientNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        stochastic_depth: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__(
            settings=SETTINGS,
            stem=32,
            depth=1.1,
            in_channels=in_channels,
            stochastic_depth=stochastic_depth,
            norm=norm,
            act=act,
        )


class EfficientNetB2(EfficientNet):
    """Wider by 1.1 and deeper by 1.2, 23 blocks; parameters as for :class:`EfficientNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        stochastic_depth: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__(
            settings=SETTINGS,
            stem=32,
            width=1.1,
            depth=1.2,
            in_channels=in_channels,
            stochastic_depth=stochastic_depth,
            norm=norm,
            act=act,
        )
