"""Res2Net: a ResNet whose bottlenecks see several scales, by chains of narrow convolutions in place of one wide one.

Paper: Res2Net: A New Multi-scale Backbone Architecture (Gao et al., 2021), https://arxiv.org/abs/1904.01169
"26w 4s": chains of four steps, 26 channels wide in the first stage. Parameter names are timm's.
"""

from mcore.module import Module
from models import BatchNorm2d, ReLU
from models.backbones.resnet import ResNet
from models.basicblocks import Res2Bottleneck


class Res2Net50(ResNet):
    """50 layers, 26w 4s; parameters as for :class:`~models.backbones.resnet.ResNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(
            block=Res2Bottleneck,
            depths=(3, 4, 6, 3),
            in_channels=in_channels,
            output_stride=output_stride,
            group_width=26,
            norm=norm,
            act=act,
        )
