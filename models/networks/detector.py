"""What detectors have in common that are made of a backbone, a neck and a head."""

from mcore.sampling import Sampling
from models.networks.backbone_head import BackboneHead
from models.utils import DETECTION_SIZES


class Detector(BackboneHead):
    """Predictions by name, as its head gives them; ``num_classes``, ``strides`` and ``anchors`` are its head's."""

    @property
    def sampling(self) -> Sampling:
        return Sampling.image(self.backbone.in_channels, DETECTION_SIZES)

    @property
    def num_classes(self) -> int:
        return self.head.num_classes

    @property
    def strides(self) -> tuple[int, ...]:
        return self.head.strides

    @property
    def anchors(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        return self.head.anchors
