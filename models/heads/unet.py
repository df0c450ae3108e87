"""U-Net's expanding path over any backbone: from the coarsest map up, joined with each finer one.

Paper: U-Net: Convolutional Networks for Biomedical Image Segmentation (Ronneberger et al., 2015),
https://arxiv.org/abs/1505.04597
The convolutions are padded and normalized; maps are doubled by resizing, not by transposed convolutions; the path ends at the
finest feature map, which with most backbones is half the image's resolution.
"""

from collections.abc import Sequence

from mcore.module import Module, ModuleList
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, ReLU
from models.basicblocks import UpBlock
from models.heads.base import Head


class UNetDecoder(Head):
    """Scores of the classes at the resolution of the first feature map.

    Args:
        in_channels: of the feature maps, two or more.
        in_strides: of the feature maps, each twice the one before.
        num_classes: channels of the scores.
        widths: channels after each step up, one fewer than feature maps; by default halving from 256 on, 16 at least.
        norm: class, called with the number of channels; ``None`` for biases in its place.
        act: class, called without arguments.

    Raises:
        ValueError: the strides do not double, or ``widths`` are of another number.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (64, 64, 128, 256, 512),
        in_strides: Sequence[int] = (2, 4, 8, 16, 32),
        num_classes: int = 21,
        widths: Sequence[int] | None = None,
        norm: type[Module] | None = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides, doubling=True)
        self.output_stride = in_strides[0]
        steps = len(in_channels) - 1
        widths = tuple(max(16, 256 >> i) for i in range(steps)) if widths is None else tuple(widths)
        if len(widths) != steps:
            raise ValueError(
                f"UNetDecoder: {steps} steps up from {steps + 1} features need as many widths, got {widths}"
            )
        below = (in_channels[-1], *widths)
        skips = in_channels[-2::-1]
        self.up = ModuleList(
            [
                UpBlock(in_channels=i, skip_channels=s, out_channels=o, learned=False, norm=norm, act=act)
                for i, s, o in zip(below, skips, widths, strict=False)
            ]
        )
        self.score = Conv2d(widths[-1], num_classes, 1)

    def forward(self, features: list[Tensor]) -> Tensor:
        x = features[-1]
        for up, skip in zip(self.up, features[-2::-1], strict=True):
            x = up(x, skip)  # (N, width, H/s, W/s), the size of skip
        return self.score(x)  # (N, num_classes, H/s, W/s)
