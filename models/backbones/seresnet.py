"""SE-ResNet and SE-ResNeXt: a ResNet or ResNeXt whose blocks weight their channels before the sum.

Paper: Squeeze-and-Excitation Networks (Hu et al., 2018), https://arxiv.org/abs/1709.01507
Built on "version 1.5" of ResNet, with timm's parameter names.
"""

from mcore.module import Module
from models import BatchNorm2d, ReLU
from models.attention import SqueezeExcitation
from models.backbones.resnet import ResNet
from models.basicblocks import Bottleneck


class SEResNet50(ResNet):
    """50 layers: (3, 4, 6, 3) bottlenecks with squeeze and excitation; parameters as for :class:`ResNet`."""

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
            norm=norm,
            act=act,
            attention=SqueezeExcitation,
        )


class SEResNet101(ResNet):
    """101 layers: (3, 4, 23, 3) bottlenecks with squeeze and excitation; parameters as for :class:`ResNet`."""

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
            norm=norm,
            act=act,
            attention=SqueezeExcitation,
        )


class SEResNeXt50_32x4d(ResNet):
    """50 layers, 32 groups of 4 channels, with squeeze and excitation; parameters as for :class:`ResNet`."""

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
            attention=SqueezeExcitation,
        )
