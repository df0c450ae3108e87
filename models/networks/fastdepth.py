"""FastDepth: the distance of each pixel from one image, by a small backbone and a decoder of separable convolutions.

Paper: FastDepth: Fast Monocular Depth Estimation on Embedded Systems (Wofk et al., 2019), https://arxiv.org/abs/1903.03273
The backbone is MobileNetV2, not V1, whose last 1x1 convolution to 1280 channels it keeps. Departures of the decoder are said
there.
"""

from models.backbones import MobileNetV2
from models.heads import FastDepthDecoder
from models.networks.pixelwise import PixelwiseNetwork


class FastDepthMobileNetV2(PixelwiseNetwork):
    """FastDepth with a MobileNetV2, 2.4 million parameters.

    Args:
        in_channels: of the image.
        width: factor of the backbone's channel numbers.
    """

    def __init__(self, *, in_channels: int = 3, width: float = 1.0) -> None:
        backbone = MobileNetV2(in_channels=in_channels, width=width)
        head = FastDepthDecoder(in_channels=backbone.channels, in_strides=backbone.strides)
        super().__init__(backbone=backbone, head=head)
