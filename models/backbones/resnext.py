"""ResNeXt: a ResNet whose bottlenecks convolve many narrow groups of channels in place of one wide one.

Paper: Aggregated Residual Transformations for Deep Neural Networks (Xie et al., 2017), https://arxiv.org/abs/1611.05431
Names are "cardinality x width of a group"; parameter names are torchvision's.
"""

from mcore.module import Module
from models import BatchNorm2d, ReLU
from models.backbones.resnet import ResNet
from models.basicblocks import Bottleneck


class ResNeXt50_32x4d(ResNet):
    """50 layers, 32 groups of 4 channels; parameters as for :class:`~models.backbones.resnet.ResNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(
            block=Bottleneck,
            depths=(3, 4, 6, 3),
            in_channels=in_channels,
            output_stride=output_stride,
            groups=32,
            group_width=4,
            norm=norm,
            act=act,
        )


class ResNeXt101_32x8d(ResNet):
    """101 layers, 32 groups of 8 channels; parameters as for :class:`~models.backbones.resnet.ResNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(
            block=Bottleneck,
            depths=(3, 4, 23, 3),
            in_channels=in_channels,
            output_stride=output_stride,
            groups=32,
            group_width=8,
            norm=norm,
            act=act,
        )


class ResNeXt101_64x4d(ResNet):
    """101 layers, 64 groups of 4 channels; parameters as for :class:`~models.backbones.resnet.ResNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(
            block=Bottleneck,
            depths=(3, 4, 23, 3),
            in_channels=in_channels,
            output_stride=output_stride,
            groups=64,
            group_width=4,
            norm=norm,
            act=act,
        )
