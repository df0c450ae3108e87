"""YOLOX's neck: path aggregation by concatenation and cross-stage blocks, from coarse to fine and back.

Papers: YOLOX: Exceeding YOLO Series in 2021 (Ge et al., 2021), https://arxiv.org/abs/2107.08430; Path Aggregation Network for
Instance Segmentation (Liu et al., 2018), https://arxiv.org/abs/1803.01534
Parameter names are the release's. Maps are resized to the next finer one by nearest neighbours, which doubles them, as there,
where the sizes allow it.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import SiLU
from models.backbones.csp_darknet import YOLOXBatchNorm2d, draw_convolutions
from models.basicblocks import ConvBnAct, CSPLayer
from models.functional import resize_like
from models.necks.base import Neck
from models.utils import check_features


class YOLOXNeck(Neck):
    """The last three maps, each with the width that it had.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps; the last three double.
        depth: bottlenecks of each cross-stage block.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse, are fewer than three, or the last three do not double.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (128, 256, 512),
        in_strides: Sequence[int] = (8, 16, 32),
        depth: int = 1,
        norm: type[Module] = YOLOXBatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        check_features("YOLOXNeck", in_channels, in_strides)
        if len(in_channels) < 3:
            raise ValueError(f"YOLOXNeck: takes three features or more, got {len(in_channels)}")
        check_features("YOLOXNeck", in_channels[-3:], in_strides[-3:], doubling=True)
        super().__init__()
        self.in_channels, self.in_strides = tuple(in_channels), tuple(in_strides)
        self.channels, self.strides = self.in_channels[-3:], self.in_strides[-3:]
        fine, middle, coarse = self.channels

        def conv(before: int, after: int, kernel_size: int, stride: int) -> ConvBnAct:
            return ConvBnAct(
                in_channels=before, out_channels=after, kernel_size=kernel_size, stride=stride, norm=norm, act=act
            )

        def block(before: int, after: int) -> CSPLayer:
            return CSPLayer(in_channels=before, out_channels=after, depth=depth, shortcut=False, norm=norm, act=act)

        self.lateral_conv0 = conv(coarse, middle, 1, 1)
        self.C3_p4 = block(2 * middle, middle)
        self.reduce_conv1 = conv(middle, fine, 1, 1)
        self.C3_p3 = block(2 * fine, fine)
        self.bu_conv2 = conv(fine, fine, 3, 2)
        self.C3_n3 = block(2 * fine, middle)
        self.bu_conv1 = conv(middle, middle, 3, 2)
        self.C3_n4 = block(2 * middle, coarse)
        draw_convolutions(self)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        fine, middle, coarse = features[-3:]
        top = self.lateral_conv0(coarse)  # (N, channels[1], H/32, W/32)
        x = self.C3_p4(F.cat([resize_like(top, middle, "nearest"), middle], dim=1))
        between = self.reduce_conv1(x)  # (N, channels[0], H/16, W/16)
        first = self.C3_p3(F.cat([resize_like(between, fine, "nearest"), fine], dim=1))
        second = self.C3_n3(F.cat([self.bu_conv2(first), between], dim=1))
        third = self.C3_n4(F.cat([self.bu_conv1(second), top], dim=1))
        return [first, second, third]  # (N, channels[i], H/strides[i], W/strides[i])
