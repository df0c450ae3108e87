"""ResNeSt: a ResNet whose bottlenecks weigh several maps against one another, in place of one 3x3 convolution.

Paper: ResNeSt: Split-Attention Networks (Zhang et al., 2022), https://arxiv.org/abs/2004.08955
Parameter names are timm's, whose networks these are under the names ``resnest14d``, ``resnest26d`` and ``resnest50d``: radix 2,
one group, and the stem of three 3x3 convolutions.
"""

from collections.abc import Sequence

from mcore.module import Module
from models import BatchNorm2d, ReLU
from models.backbones.resnet import ResNet
from models.basicblocks import SplitAttentionBottleneck


class ResNeSt(ResNet):
    """Parameters as for :class:`~models.backbones.resnet.ResNet`."""

    def __init__(
        self,
        *,
        depths: Sequence[int] = (3, 4, 6, 3),
        in_channels: int = 3,
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(
            block=SplitAttentionBottleneck,
            depths=depths,
            in_channels=in_channels,
            output_stride=output_stride,
            deep_stem=True,
            norm=norm,
            act=act,
        )


class ResNeSt14(ResNeSt):
    """14 layers: (1, 1, 1, 1) bottlenecks; parameters as for :class:`ResNeSt`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(depths=(1, 1, 1, 1), in_channels=in_channels, output_stride=output_stride, norm=norm, act=act)


class ResNeSt26(ResNeSt):
    """26 layers: (2, 2, 2, 2) bottlenecks; parameters as for :class:`ResNeSt`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(depths=(2, 2, 2, 2), in_channels=in_channels, output_stride=output_stride, norm=norm, act=act)


class ResNeSt50(ResNeSt):
    """50 layers: (3, 4, 6, 3) bottlenecks; parameters as for :class:`ResNeSt`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, output_stride=output_stride, norm=norm, act=act)
