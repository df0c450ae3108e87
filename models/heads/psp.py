"""PSPNet's head: pyramid pooling, one 3x3 convolution, scores.

Paper: Pyramid Scene Parsing Network (Zhao et al., 2017), https://arxiv.org/abs/1612.01105
The auxiliary scores from the stage before, which training alone needs, are left out.
"""

from collections.abc import Sequence

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Dropout, ReLU
from models.basicblocks import ConvNormAct
from models.heads.base import Head
from models.necks import PPM


class PSPHead(Head):
    """Scores of the classes at the resolution of the last feature map.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        num_classes: channels of the scores.
        width: channels before the scores; by default a quarter of those of the last feature map.
        bins: cells of each grid of the pooling along each side.
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
        width: int | None = None,
        bins: Sequence[int] = (1, 2, 3, 6),
        dropout: float = 0.1,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        self.output_stride = in_strides[-1]
        width = max(1, in_channels[-1] // 4) if width is None else width
        self.ppm = PPM(
            in_channels=self.in_channels[-1:], in_strides=self.in_strides[-1:], bins=bins, norm=norm, act=act
        )
        self.conv = ConvNormAct(in_channels=self.ppm.channels[-1], out_channels=width, norm=norm, act=act)
        self.dropout = Dropout(dropout)
        self.score = Conv2d(width, num_classes, 1)

    def forward(self, features: list[Tensor]) -> Tensor:
        (x,) = self.ppm(features[-1:])  # (N, 2C, H/s, W/s)
        return self.score(self.dropout(self.conv(x)))  # (N, num_classes, H/s, W/s)
