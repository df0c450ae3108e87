"""PSPNet with a ResNet-50: scores of each class at each pixel, from a dilated backbone and a pyramid of its means.

Paper: Pyramid Scene Parsing Network (Zhao et al., 2017), https://arxiv.org/abs/1612.01105
The backbone's stem is ResNet's 7x7 convolution, not three of 3x3. Departures of the head are said there.
"""

from models.backbones import ResNet50
from models.heads import PSPHead
from models.networks.pixelwise import PixelwiseNetwork


class PSPNetResNet50(PixelwiseNetwork):
    """PSPNet, 46.6 million parameters at 21 classes.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores.
        output_stride: of the backbone's last map: 8, 16 or 32.
    """

    def __init__(self, *, in_channels: int = 3, num_classes: int = 21, output_stride: int = 8) -> None:
        backbone = ResNet50(in_channels=in_channels, output_stride=output_stride)
        head = PSPHead(in_channels=backbone.channels, in_strides=backbone.strides, num_classes=num_classes)
        super().__init__(backbone=backbone, head=head)
