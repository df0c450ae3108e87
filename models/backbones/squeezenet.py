"""SqueezeNet: a strided convolution and eight fire modules, with poolings between them.

Paper: SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size (Iandola et al., 2016),
https://arxiv.org/abs/1602.07360
Version 1.1 is that of the paper's release (https://github.com/forresti/SqueezeNet), 2.4 times cheaper. Parameter names are
torchvision's; as there, weights are drawn uniformly within the bound of He et al. (2015, https://arxiv.org/abs/1502.01852),
and poolings take the places that are left at the border.
"""

from collections.abc import Sequence

from mcore.init import kaiming_uniform_, zeros_
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import Conv2d, MaxPool2d, ReLU
from models.backbones.base import Backbone
from models.basicblocks import Fire

#: Channels of each fire module: squeezed, and of its result.
FIRES = ((16, 128), (16, 128), (32, 256), (32, 256), (48, 384), (48, 384), (64, 512), (64, 512))


class SqueezeNet(Backbone):
    """The features are the last maps before each pooling, and that of the last fire module.

    Args:
        stem: channels and kernel size of the first convolution, which has no padding.
        depths: fire modules after each of the three poolings, eight in all.
        in_channels: of the image.
        act: class, called without arguments.

    Raises:
        ValueError: ``depths`` are not those of eight fire modules after three poolings.
    """

    cropped = 3

    def __init__(
        self,
        *,
        stem: tuple[int, int],
        depths: Sequence[int],
        in_channels: int = 3,
        act: type[Module] = ReLU,
    ) -> None:
        if len(depths) != 3 or sum(depths) != len(FIRES):
            raise ValueError(
                f"{type(self).__name__}: depths are of eight modules after three poolings, got {tuple(depths)}"
            )
        super().__init__()
        self.in_channels = in_channels
        self.strides = (2, 4, 8, 16)
        before, kernel_size = stem
        layers: list[Module] = [Conv2d(in_channels, before, kernel_size, 2), act()]
        #: Index in ``features`` and channels of the maps that are handed out.
        taps = [(1, before)]
        fires = iter(FIRES)
        for depth in depths:
            layers.append(MaxPool2d(3, 2, ceil_mode=True))
            for _ in range(depth):
                squeeze, after = next(fires)
                layers.append(Fire(in_channels=before, squeeze=squeeze, out_channels=after, act=act))
                before = after
            taps.append((len(layers) - 1, before))
        self.taps, self.channels = zip(*taps, strict=True)
        self.features = Sequential(*layers)
        for module in self.modules():
            if isinstance(module, Conv2d):
                kaiming_uniform_(module.weight)
                zeros_(module.bias)

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                maps.append(x)  # (N, channels[i], H/strides[i], W/strides[i])
        return maps


class SqueezeNet1_0(SqueezeNet):
    """Version 1.0, the paper's: a 7x7 stem, poolings after the first, fourth and eighth layer; as :class:`SqueezeNet`."""

    def __init__(self, *, in_channels: int = 3, act: type[Module] = ReLU) -> None:
        super().__init__(stem=(96, 7), depths=(3, 4, 1), in_channels=in_channels, act=act)


class SqueezeNet1_1(SqueezeNet):
    """Version 1.1: a 3x3 stem, and poolings earlier; as :class:`SqueezeNet`."""

    def __init__(self, *, in_channels: int = 3, act: type[Module] = ReLU) -> None:
        super().__init__(stem=(64, 3), depths=(2, 2, 4), in_channels=in_channels, act=act)
