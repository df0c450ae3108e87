"""Wide ResNet: a ResNet whose bottlenecks are twice as wide inside.

Paper: Wide Residual Networks (Zagoruyko and Komodakis, 2016), https://arxiv.org/abs/1605.07146
As torchvision's: the widened networks are those of ImageNet's depths, and the maps between blocks keep their width.
"""

from mcore.module import Module
from models import BatchNorm2d, ReLU
from models.backbones.resnet import ResNet
from models.basicblocks import Bottleneck


class WideResNet50_2(ResNet):
    """50 layers, inner maps twice as wide; parameters as for :class:`~models.backbones.resnet.ResNet`."""

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
            group_width=128,
            norm=norm,
            act=act,
        )


class WideResNet101_2(ResNet):
    """101 layers, inner maps twice as wide; parameters as for :class:`~models.backbones.resnet.ResNet`."""

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
            group_width=128,
            norm=norm,
            act=act,
        )
