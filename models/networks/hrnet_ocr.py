"""HRNet with object-contextual representations: scores of each class at each pixel, from a backbone that stays fine throughout.

Papers: Object-Contextual Representations for Semantic Segmentation (Yuan et al., 2020), https://arxiv.org/abs/1909.11065;
Deep High-Resolution Representation Learning for Visual Recognition (Wang et al., 2020), https://arxiv.org/abs/1908.07919
Departures are said at the backbone and the head; the release resizes by corners, not by pixel centres.
"""

from models.backbones import HRNetW18
from models.heads import OCRHead
from models.networks.pixelwise import PixelwiseNetwork


class OCRHRNetW18(PixelwiseNetwork):
    """HRNet-W18 and OCR, 12.1 million parameters.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores, and soft regions.
    """

    def __init__(self, *, in_channels: int = 3, num_classes: int = 19) -> None:
        backbone = HRNetW18(in_channels=in_channels)
        head = OCRHead(in_channels=backbone.channels, in_strides=backbone.strides, num_classes=num_classes)
        super().__init__(backbone=backbone, head=head)
