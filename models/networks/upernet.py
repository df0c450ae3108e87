"""UPerNet: scores of each class at each pixel, from a feature pyramid under a pyramid of the coarsest map's means.

Paper: Unified Perceptual Parsing for Scene Understanding (Xiao et al., 2018), https://arxiv.org/abs/1807.10221
Departures of the head are said there.
"""

from models.backbones import ResNet50
from models.heads import UPerHead
from models.networks.pixelwise import PixelwiseNetwork


class UPerNetResNet50(PixelwiseNetwork):
    """UPerNet with a ResNet-50, 64.1 million parameters at 150 classes.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores.
        width: of the head's maps.
    """

    def __init__(self, *, in_channels: int = 3, num_classes: int = 150, width: int = 512) -> None:
        backbone = ResNet50(in_channels=in_channels)
        head = UPerHead(
            in_channels=backbone.channels, in_strides=backbone.strides, num_classes=num_classes, width=width
        )
        super().__init__(backbone=backbone, head=head)
