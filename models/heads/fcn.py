"""Segmentation from one map: a 3x3 convolution to a quarter of the width, then a score of each class at each place.

Paper: Fully Convolutional Networks for Semantic Segmentation (Long et al., 2015), https://arxiv.org/abs/1411.4038
As torchvision's: only the last map is scored (there is no sum over strides 16 and 8, the backbone is dilated instead), and
the scores are resized bilinearly, not by transposed convolutions.
"""

from collections.abc import Sequence

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Dropout, ReLU
from models.basicblocks import ConvNormAct
from models.heads.base import Head


class FCNHead(Head):
    """Scores of the classes at the resolution of the last feature map.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        num_classes: channels of the scores, the background among them.
        dropout: share of the values before the scores that training drops.
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
        dropout: float = 0.1,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        self.output_stride = in_strides[-1]
        width = max(1, in_channels[-1] // 4)
        self.conv = ConvNormAct(in_channels=in_channels[-1], out_channels=width, norm=norm, act=act)
        self.dropout = Dropout(dropout)
        self.score = Conv2d(width, num_classes, 1)

    def forward(self, features: list[Tensor]) -> Tensor:
        x = self.dropout(self.conv(features[-1]))  # (N, C/4, H/s, W/s)
        return self.score(x)  # (N, num_classes, H/s, W/s)
