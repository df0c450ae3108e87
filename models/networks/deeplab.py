"""DeepLabV3 and V3+ with a ResNet-50: scores of each class at each pixel, from a dilated backbone.

Papers: Rethinking Atrous Convolution for Semantic Image Segmentation (Chen et al., 2017), https://arxiv.org/abs/1706.05587;
Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation (Chen et al., 2018),
https://arxiv.org/abs/1802.02611
V3 is torchvision's ``deeplabv3_resnet50`` without its auxiliary scores. Departures are said at the heads.
"""

from typing import ClassVar

from models.backbones import ResNet50
from models.heads import DeepLabV3Head, DeepLabV3PlusHead
from models.networks.pixelwise import PixelwiseNetwork

#: The paper's dilations for a last map at a sixteenth of the image; they double at an eighth.
RATES = (6, 12, 18)


class DeepLabV3ResNet50(PixelwiseNetwork):
    """DeepLabV3, 39.6 million parameters at 21 classes.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores, the background among them.
        output_stride: of the backbone's last map: 8 or 16; the head's dilations follow.
    """

    key_maps: ClassVar = {
        "torchvision": (
            (r"^aux_classifier\.", None),
            (r"^classifier\.0\.", "head.aspp."),
            (r"^classifier\.1\.", "head.conv.0."),
            (r"^classifier\.2\.", "head.conv.1."),
            (r"^classifier\.4\.", "head.score."),
        )
    }

    def __init__(self, *, in_channels: int = 3, num_classes: int = 21, output_stride: int = 8) -> None:
        backbone = ResNet50(in_channels=in_channels, output_stride=output_stride)
        head = DeepLabV3Head(
            in_channels=backbone.channels,
            in_strides=backbone.strides,
            num_classes=num_classes,
            rates=_rates(output_stride),
        )
        super().__init__(backbone=backbone, head=head)


class DeepLabV3PlusResNet50(PixelwiseNetwork):
    """DeepLabV3+, 40.4 million parameters at 21 classes.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores, the background among them.
        output_stride: of the backbone's last map: 8 or 16; the head's dilations follow.
    """

    def __init__(self, *, in_channels: int = 3, num_classes: int = 21, output_stride: int = 16) -> None:
        backbone = ResNet50(in_channels=in_channels, output_stride=output_stride)
        head = DeepLabV3PlusHead(
            in_channels=backbone.channels,
            in_strides=backbone.strides,
            num_classes=num_classes,
            rates=_rates(output_stride),
        )
        super().__init__(backbone=backbone, head=head)


def _rates(output_stride: int) -> tuple[int, ...]:
    return tuple(rate * 16 // output_stride for rate in RATES)
