"""Atrous spatial pyramid pooling: the coarsest map seen by convolutions of several dilations, and its mean.

Paper: Rethinking Atrous Convolution for Semantic Image Segmentation (Chen et al., 2017), https://arxiv.org/abs/1706.05587
Layers and their parameter names are torchvision's.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module, ModuleList, Sequential
from mcore.tensor import Tensor
from models import AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Dropout, ReLU
from models.basicblocks import ConvNormAct
from models.functional import resize_like
from models.necks.coarsest import CoarsestNeck


class ASPP(CoarsestNeck):
    """A 1x1 convolution, a 3x3 one for each rate, and the mean of the map, joined by a 1x1 convolution.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        out_channels: of the coarsest map that it gives, and of each branch.
        rates: dilations; the paper's for a stride of 8 by default, half of them for 16.
        dropout: share of the values that it gives that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (2048,),
        in_strides: Sequence[int] = (8,),
        out_channels: int = 256,
        rates: Sequence[int] = (12, 24, 36),
        dropout: float = 0.5,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides, out_channels)

        def conv(channels: int, kernel_size: int = 1, dilation: int = 1) -> ConvNormAct:
            return ConvNormAct(
                in_channels=channels,
                out_channels=out_channels,
                kernel_size=kernel_size,
                dilation=dilation,
                norm=norm,
                act=act,
            )

        width = self.in_channels[-1]
        mean = Sequential(AdaptiveAvgPool2d(1), Conv2d(width, out_channels, 1, bias=False), norm(out_channels), act())
        self.convs = ModuleList([conv(width), *(conv(width, 3, rate) for rate in rates), mean])
        self.project = Sequential(*conv(len(self.convs) * out_channels), Dropout(dropout))

    def transform(self, x: Tensor) -> Tensor:
        *convs, mean = self.convs
        maps = [conv(x) for conv in convs]  # (N, out_channels, H, W)
        maps.append(resize_like(mean(x), x))  # (N, out_channels, 1, 1) before
        return self.project(F.cat(maps, dim=1))  # (N, out_channels, H, W)
