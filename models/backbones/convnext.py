"""ConvNeXt: a ResNet made modern step by step, until it is a convolutional network in the image of Swin.

Paper: A ConvNet for the 2020s (Liu et al., 2022), https://arxiv.org/abs/2201.03545
Parameter names are torchvision's. Its strided convolutions do not overlap, so sizes that they do not divide are rounded down.
Stochastic depth is off unless it is asked for.
"""

from itertools import pairwise

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import GELU, Conv2d
from models.backbones.base import Backbone
from models.basicblocks import ConvNeXtBlock
from models.basicblocks.layout import LayerNorm2d
from models.basicblocks.stochastic_depth import rising_shares


class ConvNeXt(Backbone):
    """Stem and four stages; the features are each stage's map.

    Args:
        depths: blocks in each stage.
        widths: channels of each stage.
        in_channels: of the image.
        layer_scale: what the result of each block is multiplied by at first.
        stochastic_depth: share of the images that training leaves the last block's branch out for; it grows up to there.
        act: class, called without arguments.

    Raises:
        ValueError: ``depths`` and ``widths`` are not of four stages.
    """

    def __init__(
        self,
        *,
        depths: tuple[int, ...] = (3, 3, 9, 3),
        widths: tuple[int, ...] = (96, 192, 384, 768),
        in_channels: int = 3,
        layer_scale: float = 1e-6,
        stochastic_depth: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        if not len(depths) == len(widths) == 4:
            raise ValueError(f"{type(self).__name__}: depths and widths are of four stages, got {depths}, {widths}")
        super().__init__()
        self.in_channels = in_channels
        self.channels, self.strides = tuple(widths), (4, 8, 16, 32)
        steps = [Sequential(Conv2d(in_channels, widths[0], 4, 4), LayerNorm2d(widths[0]))]
        steps += [Sequential(LayerNorm2d(before), Conv2d(before, after, 2, 2)) for before, after in pairwise(widths)]
        layers = []
        for step, channels, shares in zip(steps, widths, rising_shares(stochastic_depth, depths), strict=True):
            blocks = [
                ConvNeXtBlock(in_channels=channels, layer_scale=layer_scale, stochastic_depth=share, act=act)
                for share in shares
            ]
            layers += [step, Sequential(*blocks)]
        self.features = Sequential(*layers)

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index % 2:
                maps.append(x)  # (N, channels[i], H/strides[i], W/strides[i])
        return maps


class ConvNeXtTiny(ConvNeXt):
    """(3, 3, 9, 3) blocks; parameters as for :class:`ConvNeXt`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        layer_scale: float = 1e-6,
        stochastic_depth: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        super().__init__(in_channels=in_channels, layer_scale=layer_scale, stochastic_depth=stochastic_depth, act=act)


class ConvNeXtSmall(ConvNeXt):
    """(3, 3, 27, 3) blocks; parameters as for :class:`ConvNeXt`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        layer_scale: float = 1e-6,
        stochastic_depth: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        super().__init__(
            depths=(3, 3, 27, 3),
            in_channels=in_channels,
            layer_scale=layer_scale,
            stochastic_depth=stochastic_depth,
            act=act,
        )
