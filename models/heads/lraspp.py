"""Lite reduced atrous spatial pyramid pooling: one branch of the coarsest map, gated by its average, and scores of a finer one.

Paper: Searching for MobileNetV3 (Howard et al., 2019), https://arxiv.org/abs/1905.02244
As torchvision's: the gate is of the average over the whole map, where the paper pools over large windows.
"""

from collections.abc import Sequence

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import AdaptiveAvgPool2d, BatchNorm2d, Conv2d, ReLU, Sigmoid
from models.basicblocks import ConvNormAct
from models.functional import resize_like
from models.heads.base import Head
from models.utils import finer_map


class LRASPPHead(Head):
    """Scores of the classes at the resolution of the finest map of ``detail_stride`` or more.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        num_classes: channels of the scores, the background among them.
        width: channels of the coarsest map's branch.
        detail_stride: the finest map of this stride or more gives the detail.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse, or none but the last has the stride for detail.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (16, 24, 40, 80, 960),
        in_strides: Sequence[int] = (2, 4, 8, 16, 16),
        num_classes: int = 21,
        width: int = 128,
        detail_stride: int = 8,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        self.detail = finer_map("LRASPPHead", self.in_strides, detail_stride)
        self.output_stride = in_strides[self.detail]
        coarsest = in_channels[-1]
        self.conv = ConvNormAct(in_channels=coarsest, out_channels=width, kernel_size=1, norm=norm, act=act)
        self.gate = Sequential(AdaptiveAvgPool2d(1), Conv2d(coarsest, width, 1, bias=False), Sigmoid())
        self.detail_score = Conv2d(in_channels[self.detail], num_classes, 1)
        self.score = Conv2d(width, num_classes, 1)

    def forward(self, features: list[Tensor]) -> Tensor:
        detail, coarsest = features[self.detail], features[-1]
        x = self.conv(coarsest) * self.gate(coarsest)  # (N, width, H/16, W/16)
        x = resize_like(x, detail)  # (N, width, H/8, W/8)
        return self.detail_score(detail) + self.score(x)  # (N, num_classes, H/8, W/8)
