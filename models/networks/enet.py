"""ENet: few and narrow bottlenecks, an early reduction of the resolution, a large encoder and a small decoder.

Paper: ENet: A Deep Neural Network Architecture for Real-Time Semantic Segmentation (Paszke et al., 2016),
https://arxiv.org/abs/1606.02147
The first pooling rounds odd sizes up, as the convolution beside it; maps that are added are resized to one another. Every
size is legal.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module, ModuleList, Sequential
from mcore.sampling import Sampling
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, ConvTranspose2d, Dropout2d, PReLU
from models.functional import resize_like
from models.networks.base import Network
from models.utils import SEGMENTATION_SIZES

#: Table 1 of the paper, the second and the third stage: dilation, or 0 for a 5x1 and a 1x5 convolution.
DILATIONS = (1, 2, 0, 4, 1, 8, 0, 16)


class ENet(Network):
    """Scores of the classes at each pixel; 0.36 million parameters.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores.
        widths: of the maps at a half, a quarter and an eighth of the resolution.
        norm: class, called with the number of channels.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 19,
        widths: Sequence[int] = (16, 64, 128),
        norm: type[Module] = BatchNorm2d,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        half, quarter, eighth = widths

        def plain(channels: int, dilations: Sequence[int], dropout: float = 0.1) -> Sequential:
            return Sequential(*(_Bottleneck(channels, d, dropout, norm) for d in dilations))

        self.stem = Conv2d(in_channels, half - in_channels, 3, 2, 1, bias=False)
        self.stem_norm = Sequential(norm(half), PReLU(half))
        self.down = ModuleList([_Down(half, quarter, 0.01, norm), _Down(quarter, eighth, 0.1, norm)])
        self.encoder = ModuleList([plain(quarter, (1,) * 4, 0.01), plain(eighth, DILATIONS * 2)])
        self.up = ModuleList([_Up(eighth, quarter, 0.1, norm), _Up(quarter, half, 0.1, norm)])
        self.decoder = ModuleList([plain(quarter, (1, 1)), plain(half, (1,))])
        self.score = ConvTranspose2d(half, num_classes, 2, 2)

    @property
    def sampling(self) -> Sampling:
        return Sampling.image(self.in_channels, SEGMENTATION_SIZES)

    def forward(self, x: Tensor) -> Tensor:
        image, small = x, F.max_pool2d(x, 2, ceil_mode=True)
        x = self.stem_norm(F.cat([self.stem(image), small], dim=1))  # (N, 16, H/2, W/2)
        pooled = []
        for down, stage in zip(self.down, self.encoder, strict=True):
            size = x.shape[-2:]
            x, places = down(x)
            x = stage(x)  # (N, 64, H/4, W/4), then (N, 128, H/8, W/8)
            pooled.append((places, size))
        for up, stage in zip(self.up, self.decoder, strict=True):
            x = stage(up(x, *pooled.pop()))  # (N, 64, H/4, W/4), then (N, 16, H/2, W/2)
        return resize_like(self.score(x), image)  # (N, num_classes, H, W)


def _conv(layer: Module, channels: int, norm: type[Module]) -> Sequential:
    return Sequential(layer, norm(channels), PReLU(channels))


def _branch(before: int, after: int, first: Module, middle: Sequential, dropout: float, norm: type[Module]) -> Module:
    """The branch of every bottleneck: to a quarter of the width, through ``middle``, and out without an activation."""
    width = before // 4
    last = (Conv2d(width, after, 1, bias=False), norm(after), Dropout2d(dropout))
    return Sequential(_conv(first, width, norm), middle, *last)


class _Bottleneck(Module):
    """At one resolution: a dilated 3x3 convolution between two of 1x1, added to the map."""

    def __init__(self, channels: int, dilation: int, dropout: float, norm: type[Module]) -> None:
        super().__init__()
        width = channels // 4
        if dilation:
            middle = _conv(Conv2d(width, width, 3, 1, dilation, dilation, bias=False), width, norm)
        else:
            column = Conv2d(width, width, (5, 1), padding=(2, 0), bias=False)
            row = Conv2d(width, width, (1, 5), padding=(0, 2), bias=False)
            middle = _conv(Sequential(column, row), width, norm)
        self.branch = _branch(channels, channels, Conv2d(channels, width, 1, bias=False), middle, dropout, norm)
        self.act = PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(x + self.branch(x))  # (N, C, H, W)


class _Down(Module):
    """To half the resolution: max pooling, with zeros for the further channels, and the branch strided by 2x2."""

    def __init__(self, before: int, after: int, dropout: float, norm: type[Module]) -> None:
        super().__init__()
        width = before // 4
        self.further = after - before
        middle = _conv(Conv2d(width, width, 3, padding=1, bias=False), width, norm)
        self.branch = _branch(before, after, Conv2d(before, width, 2, 2, bias=False), middle, dropout, norm)
        self.act = PReLU(after)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        pooled, places = F.max_pool2d(x, 2, return_indices=True)
        padded = F.pad(pooled, (0, 0, 0, 0, 0, self.further))  # (N, after, H/2, W/2)
        return self.act(padded + self.branch(x)), places


class _Up(Module):
    """To twice the resolution: values back at their places, and the branch by a transposed 3x3 convolution."""

    def __init__(self, before: int, after: int, dropout: float, norm: type[Module]) -> None:
        super().__init__()
        width = before // 4
        self.main = Sequential(Conv2d(before, after, 1, bias=False), norm(after))
        middle = _conv(ConvTranspose2d(width, width, 3, 2, 1, 1, bias=False), width, norm)
        self.branch = _branch(before, after, Conv2d(before, width, 1, bias=False), middle, dropout, norm)
        self.act = PReLU(after)

    def forward(self, x: Tensor, places: Tensor, size: tuple[int, int]) -> Tensor:
        main = F.max_unpool2d(self.main(x), places, 2, output_size=size)  # (N, after, 2H, 2W)
        return self.act(main + resize_like(self.branch(x), main))
