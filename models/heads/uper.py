"""UPerNet's head: a feature pyramid whose coarsest map has been through pyramid pooling; all its maps are scored together.

Paper: Unified Perceptual Parsing for Scene Understanding (Xiao et al., 2018), https://arxiv.org/abs/1807.10221
Only the scores of objects are here, which is what the field means by the name; auxiliary scores are left out.
"""

from collections.abc import Sequence

from mcore.module import Module, ModuleList
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Dropout, ReLU
from models.basicblocks import ConvNormAct
from models.functional import join_at_finest, resize_like
from models.heads.base import Head
from models.necks import PPM


class UPerHead(Head):
    """Scores of the classes at the resolution of the finest map that is used.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        num_classes: channels of the scores.
        width: of every map of the pyramid; 512 in the paper.
        bins: cells of each grid of the pooling along each side.
        finest: maps of a smaller stride are not used.
        dropout: share of the values before the scores that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse, or none is as coarse as ``finest``.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (256, 512, 1024, 2048),
        in_strides: Sequence[int] = (4, 8, 16, 32),
        num_classes: int = 21,
        width: int = 256,
        bins: Sequence[int] = (1, 2, 3, 6),
        finest: int = 4,
        dropout: float = 0.1,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        used = [c for c, s in zip(in_channels, in_strides, strict=True) if s >= finest]
        if not used:
            raise ValueError(f"UPerHead: no map has a stride of {finest} or more, got strides {self.in_strides}")
        self.output_stride = in_strides[-len(used)]

        def conv(channels: int, kernel_size: int = 3) -> ConvNormAct:
            return ConvNormAct(in_channels=channels, out_channels=width, kernel_size=kernel_size, norm=norm, act=act)

        last = {"in_channels": self.in_channels[-1:], "in_strides": self.in_strides[-1:]}
        self.ppm = PPM(**last, width=width, bins=bins, norm=norm, act=act)
        self.bottleneck = conv(self.ppm.channels[-1])
        self.lateral = ModuleList([conv(c, 1) for c in used[:-1]])
        self.output = ModuleList([conv(width) for _ in used[:-1]])
        self.fuse = conv(len(used) * width)
        self.dropout = Dropout(dropout)
        self.score = Conv2d(width, num_classes, 1)

    def forward(self, features: list[Tensor]) -> Tensor:
        used = features[-1 - len(self.lateral) : -1]
        maps = [lateral(x) for lateral, x in zip(self.lateral, used, strict=True)]  # (N, width, H/s, W/s)
        maps.append(self.bottleneck(*self.ppm(features[-1:])))  # (N, width, H/32, W/32)
        for i in reversed(range(len(maps) - 1)):
            maps[i] = maps[i] + resize_like(maps[i + 1], maps[i])
        maps = [*(output(x) for output, x in zip(self.output, maps[:-1], strict=True)), maps[-1]]
        x = self.fuse(join_at_finest(maps))  # (N, width, H/4, W/4)
        return self.score(self.dropout(x))  # (N, num_classes, H/4, W/4)
