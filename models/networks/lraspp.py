"""LR-ASPP with a MobileNetV3: scores of each class at each pixel, from a dilated backbone, for mobile devices.

Paper: Searching for MobileNetV3 (Howard et al., 2019), https://arxiv.org/abs/1905.02244
It is torchvision's ``lraspp_mobilenet_v3_large``; departures are said at the head.
"""

from typing import ClassVar

from models.backbones import MobileNetV3Large
from models.heads import LRASPPHead
from models.networks.pixelwise import PixelwiseNetwork


class LRASPPMobileNetV3Large(PixelwiseNetwork):
    """LR-ASPP, 3.2 million parameters at 21 classes.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores, the background among them.
    """

    key_maps: ClassVar = {
        "torchvision": (
            (r"^backbone\.", "backbone.features."),
            (r"^classifier\.cbr\.", "head.conv."),
            (r"^classifier\.scale\.", "head.gate."),
            (r"^classifier\.low_classifier\.", "head.detail_score."),
            (r"^classifier\.high_classifier\.", "head.score."),
        )
    }

    def __init__(self, *, in_channels: int = 3, num_classes: int = 21) -> None:
        backbone = MobileNetV3Large(in_channels=in_channels, output_stride=16, first=True)
        head = LRASPPHead(in_channels=backbone.channels, in_strides=backbone.strides, num_classes=num_classes)
        super().__init__(backbone=backbone, head=head)
