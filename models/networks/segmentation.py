"""Segmentation networks assembled from a backbone and a head: scores of each class at each pixel of the image.

Papers: Fully Convolutional Networks for Semantic Segmentation (Long et al., 2015), https://arxiv.org/abs/1411.4038;
U-Net: Convolutional Networks for Biomedical Image Segmentation (Ronneberger et al., 2015), https://arxiv.org/abs/1505.04597
Where they depart from the papers is said at their heads.
"""

from typing import ClassVar

from models.backbones import ResNet34, ResNet50
from models.heads import FCNHead, UNetDecoder
from models.networks.pixelwise import PixelwiseNetwork


class FCNResNet50(PixelwiseNetwork):
    """FCN on a ResNet-50 whose last two stages are dilated.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores.
        output_stride: of the backbone's last map: 8, 16 or 32.
    """

    key_maps: ClassVar = {
        "torchvision": (
            (r"^aux_classifier\.", None),
            (r"^classifier\.([01])\.", r"head.conv.\1."),
            (r"^classifier\.4\.", "head.score."),
        )
    }

    def __init__(self, *, in_channels: int = 3, num_classes: int = 21, output_stride: int = 8) -> None:
        backbone = ResNet50(in_channels=in_channels, output_stride=output_stride)
        head = FCNHead(in_channels=backbone.channels, in_strides=backbone.strides, num_classes=num_classes)
        super().__init__(backbone=backbone, head=head)


class UNetResNet34(PixelwiseNetwork):
    """U-Net with a ResNet-34 for the contracting path.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores.
    """

    def __init__(self, *, in_channels: int = 3, num_classes: int = 21) -> None:
        backbone = ResNet34(in_channels=in_channels)
        head = UNetDecoder(in_channels=backbone.channels, in_strides=backbone.strides, num_classes=num_classes)
        super().__init__(backbone=backbone, head=head)
