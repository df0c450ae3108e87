"""SegFormer's head: every map is projected place by place to one width, and all are fused at the finest's resolution.

Paper: SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers (Xie et al., 2021),
https://arxiv.org/abs/2105.15203
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module, ModuleList
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Dropout, Linear, ReLU
from models.basicblocks import ConvNormAct
from models.functional import resize_like
from models.heads.base import Head


class SegFormerHead(Head):
    """Scores of the classes at the resolution of the first feature map; the defaults are SegFormer-B0's.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        num_classes: channels of the scores.
        width: that every map is projected to.
        dropout: share of the values before the scores that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (32, 64, 160, 256),
        in_strides: Sequence[int] = (4, 8, 16, 32),
        num_classes: int = 150,
        width: int = 256,
        dropout: float = 0.1,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        self.output_stride = in_strides[0]
        self.project = ModuleList([Linear(c, width) for c in in_channels])
        self.fuse = ConvNormAct(
            in_channels=len(in_channels) * width, out_channels=width, kernel_size=1, norm=norm, act=act
        )
        self.dropout = Dropout(dropout)
        self.score = Conv2d(width, num_classes, 1)

    def forward(self, features: list[Tensor]) -> Tensor:
        maps = []
        for project, x in zip(self.project, features, strict=True):
            maps.append(F.permute(project(F.permute(x, (0, 2, 3, 1))), (0, 3, 1, 2)))  # (N, width, H/s, W/s)
        finest, *coarser = maps
        resized = [resize_like(x, finest) for x in coarser]  # (N, width, H/4, W/4)
        x = self.fuse(F.cat([*resized[::-1], finest], dim=1))  # (N, width, H/4, W/4), the coarsest first
        return self.score(self.dropout(x))  # (N, num_classes, H/4, W/4)
