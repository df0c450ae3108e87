"""What detectors have in common that are made of a backbone, a neck and a head."""

from mcore.sampling import Sampling
from models.networks.backbone_head import BackboneHead
from models.utils import DETECTION_SIZES

#: From the keys of torchvision's detectors with a feature pyramid; older checkpoints have no numbers for its layers.
TORCHVISION_FPN = (
    (r"^backbone\.body\.", "backbone."),
    (r"^backbone\.fpn\.inner_blocks\.(\d+)\.(?:0\.)?", r"neck.lateral.\1."),
    (r"^backbone\.fpn\.layer_blocks\.(\d+)\.(?:0\.)?", r"neck.output.\1."),
    (r"^backbone\.fpn\.extra_blocks\.", "neck."),
)


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
