"""What networks have in common that are assembled and answer each pixel of the image."""

from mcore.sampling import Sampling
from models.networks.backbone_head import BackboneHead
from models.utils import SEGMENTATION_SIZES


class PixelwiseNetwork(BackboneHead):
    """Sampled at smaller sizes than a classifier: a pixel costs much more."""

    @property
    def sampling(self) -> Sampling:
        return Sampling.image(self.backbone.in_channels, SEGMENTATION_SIZES)
