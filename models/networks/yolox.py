"""YOLOX-s: the small one of a YOLO without anchors, whose head has branches of its own for classes and boxes.

Paper: YOLOX: Exceeding YOLO Series in 2021 (Ge et al., 2021), https://arxiv.org/abs/2107.08430
Checkpoints of the authors' release load by ``key_maps``. Images of even sizes are taken, the release's are multiples of 32.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.sampling import Sampling
from models import SiLU
from models.backbones.csp_darknet import CSPDarknet, YOLOXBatchNorm2d
from models.heads import YOLOXHead
from models.necks import YOLOXNeck
from models.networks.detector import Detector


class YOLOXSmall(Detector):
    """9.0 million parameters at the 80 classes of COCO.

    Args:
        in_channels: of the image.
        num_classes: kinds of objects.
        decoded: give boxes and scores in place of raw maps.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    key_maps: ClassVar = {
        "release": (
            (r"^backbone\.backbone\.", "backbone."),
            (r"^backbone\.", "neck."),
        )
    }

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 80,
        decoded: bool = False,
        norm: type[Module] = YOLOXBatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        backbone = CSPDarknet(in_channels=in_channels, norm=norm, act=act)
        neck = YOLOXNeck(in_channels=backbone.channels, in_strides=backbone.strides, norm=norm, act=act)
        head = YOLOXHead(
            in_channels=neck.channels,
            in_strides=neck.strides,
            num_classes=num_classes,
            decoded=decoded,
            norm=norm,
            act=act,
        )
        super().__init__(backbone=backbone, neck=neck, head=head)

    @property
    def sampling(self) -> Sampling:
        sizes = ((160, 160), (128, 192), (98, 130))
        return Sampling.image(self.backbone.in_channels, sizes, minimum=34, multiple_of=2)
