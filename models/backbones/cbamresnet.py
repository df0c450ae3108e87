"""CBAM-ResNet: a ResNet whose blocks weight their channels and then their places before the sum.

Paper: CBAM: Convolutional Block Attention Module (Woo et al., 2018), https://arxiv.org/abs/1807.06521
Built on "version 1.5" of ResNet; departures of the attention are said at :class:`~models.attention.CBAM`.
"""

from mcore.module import Module
from models import BatchNorm2d, ReLU
from models.attention import CBAM
from models.backbones.resnet import ResNet
from models.basicblocks import Bottleneck


class CBAMResNet50(ResNet):
    """50 layers: (3, 4, 6, 3) bottlenecks with CBAM; parameters as for :class:`ResNet`."""

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
            attention=CBAM,
        )
