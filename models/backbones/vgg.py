"""VGG: five stages of 3x3 convolutions, each stage ended by a pooling that halves the resolution.

Paper: Very Deep Convolutional Networks for Large-Scale Image Recognition (Simonyan and Zisserman, 2015),
https://arxiv.org/abs/1409.1556
Parameter names are torchvision's. Weights start as He et al. (2015, https://arxiv.org/abs/1502.01852) draw them, since without
normalization the usual start lets sixteen layers of activations fade; normalization is an option that the paper does not have.
"""

from collections.abc import Sequence

from mcore.init import kaiming_normal_, zeros_
from mcore.module import Module, Sequential
from mcore.sampling import Sampling
from mcore.tensor import Tensor
from models import Conv2d, MaxPool2d, ReLU
from models.backbones.base import Backbone

#: Channels of each stage.
WIDTHS = (64, 128, 256, 512, 512)


class VGG(Backbone):
    """The features are the last map of each stage, before its pooling, and the last pooling's map.

    Poolings round down.

    Args:
        depths: convolutions in each stage.
        in_channels: of the image.
        norm: class, called with the number of channels; ``None`` for none, as in the paper.
        act: class, called without arguments.

    Raises:
        ValueError: ``depths`` are not of five stages.
    """

    def __init__(
        self,
        *,
        depths: Sequence[int],
        in_channels: int = 3,
        norm: type[Module] | None = None,
        act: type[Module] = ReLU,
    ) -> None:
        if len(depths) != len(WIDTHS):
            raise ValueError(f"{type(self).__name__}: depths are of five stages, got {tuple(depths)}")
        super().__init__()
        self.in_channels = in_channels
        self.channels = (*WIDTHS, WIDTHS[-1])
        self.strides = (1, 2, 4, 8, 16, 32)
        layers: list[Module] = []
        #: Index in ``features`` of the maps that are handed out.
        taps: list[int] = []
        before = in_channels
        for depth, width in zip(depths, WIDTHS, strict=True):
            for _ in range(depth):
                layers.append(_he(Conv2d(before, width, 3, padding=1)))
                if norm is not None:
                    layers.append(norm(width))
                layers.append(act())
                before = width
            taps.append(len(layers) - 1)
            layers.append(MaxPool2d(2, 2))
        self.taps = (*taps, len(layers) - 1)
        self.features = Sequential(*layers)

    @property
    def sampling(self) -> Sampling:
        """Small ones, for each pixel takes three times what it takes in a ResNet-50; a backbone has no native size."""
        return Sampling.image(self.in_channels, ((160, 160), (64, 96), (65, 97)))

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                maps.append(x)  # (N, channels[i], H/strides[i], W/strides[i])
        return maps


def _he(conv: Conv2d) -> Conv2d:
    """The convolution, with weights that keep the variance of what passes it and its activation."""
    kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    zeros_(conv.bias)
    return conv


class VGG11(VGG):
    """11 layers, configuration A of the paper: (1, 1, 2, 2, 2) convolutions; parameters as for :class:`VGG`."""

    def __init__(self, *, in_channels: int = 3, norm: type[Module] | None = None, act: type[Module] = ReLU) -> None:
        super().__init__(depths=(1, 1, 2, 2, 2), in_channels=in_channels, norm=norm, act=act)


class VGG16(VGG):
    """16 layers, configuration D of the paper: (2, 2, 3, 3, 3) convolutions; parameters as for :class:`VGG`."""

    def __init__(self, *, in_channels: int = 3, norm: type[Module] | None = None, act: type[Module] = ReLU) -> None:
        super().__init__(depths=(2, 2, 3, 3, 3), in_channels=in_channels, norm=norm, act=act)


class VGG19(VGG):
    """19 layers, configuration E of the paper: (2, 2, 4, 4, 4) convolutions; parameters as for :class:`VGG`."""

    def __init__(self, *, in_channels: int = 3, norm: type[Module] | None = None, act: type[Module] = ReLU) -> None:
        super().__init__(depths=(2, 2, 4, 4, 4), in_channels=in_channels, norm=norm, act=act)
