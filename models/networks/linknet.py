"""LinkNet: scores of each class at each pixel, by a ResNet-18 and a narrow decoder that adds its maps on the way up.

Paper: LinkNet: Exploiting Encoder Representations for Efficient Semantic Segmentation (Chaurasia and Culurciello, 2017),
https://arxiv.org/abs/1707.03718
Departures are said at the head.
"""

from models.backbones import ResNet18
from models.heads import LinkNetDecoder
from models.networks.pixelwise import PixelwiseNetwork


class LinkNetResNet18(PixelwiseNetwork):
    """LinkNet, 11.5 million parameters.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores.
    """

    def __init__(self, *, in_channels: int = 3, num_classes: int = 21) -> None:
        backbone = ResNet18(in_channels=in_channels)
        head = LinkNetDecoder(in_channels=backbone.channels, in_strides=backbone.strides, num_classes=num_classes)
        super().__init__(backbone=backbone, head=head)
