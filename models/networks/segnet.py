"""SegNet: VGG-16's convolutions and their mirror image, which puts values back where max pooling had found the largest.

Paper: SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image Segmentation (Badrinarayanan et al., 2017),
https://arxiv.org/abs/1511.00561
Convolutions have no bias beside their normalization. At odd sizes the last row or column is not pooled; unpooling gives the
size from before, so every size is legal.
"""

from collections.abc import Sequence
from itertools import pairwise

import mcore.functional as F
from mcore.module import Module, ModuleList, Sequential
from mcore.sampling import Sampling
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, ReLU
from models.basicblocks import ConvNormAct
from models.networks.base import Network


class SegNet(Network):
    """Scores of the classes at each pixel; 29.4 million parameters.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores.
        widths: of the maps of each stage; the resolution is halved after each.
        depths: convolutions of each stage.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: ``widths`` and ``depths`` are of different numbers of stages, or of none.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 12,
        widths: Sequence[int] = (64, 128, 256, 512, 512),
        depths: Sequence[int] = (2, 2, 3, 3, 3),
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        if not widths or len(widths) != len(depths):
            raise ValueError(f"SegNet: as many widths as depths, of one stage or more, got {widths} and {depths}")
        super().__init__()
        self.in_channels = in_channels

        def stage(*channels: int) -> Sequential:
            steps = pairwise(channels)
            return Sequential(*(ConvNormAct(in_channels=a, out_channels=b, norm=norm, act=act) for a, b in steps))

        before = (in_channels, *widths[:-1])
        self.encoder = ModuleList([stage(b, *[w] * d) for b, w, d in zip(before, widths, depths, strict=True)])
        after = (*widths[-2::-1], widths[0])
        mirrored = list(zip(widths[::-1], after, depths[::-1], strict=True))
        *deep, (width, _, depth) = mirrored
        self.decoder = ModuleList([*(stage(*[w] * d, a) for w, a, d in deep), stage(*[width] * depth)])
        self.score = Conv2d(width, num_classes, 3, padding=1)

    @property
    def sampling(self) -> Sampling:
        # Small ones: the fewer windows of max pooling, the likelier an input where no two values compete for the largest.
        return Sampling.image(self.in_channels, ((64, 64), (48, 80), (33, 49)))

    def forward(self, x: Tensor) -> Tensor:
        pooled = []
        for stage in self.encoder:
            x = stage(x)  # (N, width, H/s, W/s)
            size = x.shape[-2:]
            x, places = F.max_pool2d(x, 2, return_indices=True)  # (N, width, H/2s, W/2s)
            pooled.append((places, size))
        for stage in self.decoder:
            places, size = pooled.pop()
            x = stage(F.max_unpool2d(x, places, 2, output_size=size))  # (N, width of the stage before, 2H/s, 2W/s)
        return self.score(x)  # (N, num_classes, H, W)
