"""DeepLab's two heads: atrous spatial pyramid pooling, and for V3+ a small decoder that adds the detail of a finer map.

Papers: Rethinking Atrous Convolution for Semantic Image Segmentation (Chen et al., 2017), https://arxiv.org/abs/1706.05587;
Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation (Chen et al., 2018),
https://arxiv.org/abs/1802.02611
V3 is torchvision's. V3+ has plain convolutions, as the paper's with ResNet; separable ones are its Xception's.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, ReLU
from models.basicblocks import ConvNormAct
from models.functional import resize_like
from models.heads.base import Head
from models.necks import ASPP
from models.utils import finer_map


class DeepLabV3Head(Head):
    """Scores of the classes at the resolution of the last feature map.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        num_classes: channels of the scores, the background among them.
        width: channels of each branch of the pyramid, and before the scores.
        rates: dilations of the pyramid; half of these for a stride of 16.
        dropout: share of the pyramid's values that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (2048,),
        in_strides: Sequence[int] = (8,),
        num_classes: int = 21,
        width: int = 256,
        rates: Sequence[int] = (12, 24, 36),
        dropout: float = 0.5,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        self.output_stride = in_strides[-1]
        self.aspp = ASPP(
            in_channels=self.in_channels[-1:],
            in_strides=self.in_strides[-1:],
            out_channels=width,
            rates=rates,
            dropout=dropout,
            norm=norm,
            act=act,
        )
        self.conv = ConvNormAct(in_channels=width, out_channels=width, norm=norm, act=act)
        self.score = Conv2d(width, num_classes, 1)

    def forward(self, features: list[Tensor]) -> Tensor:
        (x,) = self.aspp(features[-1:])  # (N, width, H/s, W/s)
        return self.score(self.conv(x))  # (N, num_classes, H/s, W/s)


class DeepLabV3PlusHead(Head):
    """Scores of the classes at the resolution of the finest map of ``detail_stride`` or more.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        num_classes: channels of the scores, the background among them.
        width: channels of each branch of the pyramid, and before the scores.
        rates: dilations of the pyramid; twice these for a stride of 8.
        detail_stride: the finest map of this stride or more gives the detail.
        detail_width: channels that it is narrowed to.
        dropout: share of the pyramid's values that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse, or none but the last has the stride for detail.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (64, 256, 512, 1024, 2048),
        in_strides: Sequence[int] = (2, 4, 8, 16, 16),
        num_classes: int = 21,
        width: int = 256,
        rates: Sequence[int] = (6, 12, 18),
        detail_stride: int = 4,
        detail_width: int = 48,
        dropout: float = 0.5,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        self.detail = finer_map("DeepLabV3PlusHead", self.in_strides, detail_stride)
        self.output_stride = in_strides[self.detail]
        self.aspp = ASPP(
            in_channels=self.in_channels[-1:],
            in_strides=self.in_strides[-1:],
            out_channels=width,
            rates=rates,
            dropout=dropout,
            norm=norm,
            act=act,
        )
        self.project = ConvNormAct(
            in_channels=in_channels[self.detail], out_channels=detail_width, kernel_size=1, norm=norm, act=act
        )
        self.conv = Sequential(
            ConvNormAct(in_channels=width + detail_width, out_channels=width, norm=norm, act=act),
            ConvNormAct(in_channels=width, out_channels=width, norm=norm, act=act),
        )
        self.score = Conv2d(width, num_classes, 1)

    def forward(self, features: list[Tensor]) -> Tensor:
        (x,) = self.aspp(features[-1:])  # (N, width, H/16, W/16)
        detail = self.project(features[self.detail])  # (N, detail_width, H/4, W/4)
        x = self.conv(F.cat([resize_like(x, detail), detail], dim=1))  # (N, width, H/4, W/4)
        return self.score(x)  # (N, num_classes, H/4, W/4)
