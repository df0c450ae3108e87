"""YOLOv3: Darknet-53 and predictions at three scales, each of which joins what the coarser ones know.

Paper: YOLOv3: An Incremental Improvement (Redmon and Farhadi, 2018), https://arxiv.org/abs/1804.02767
Where it departs from the paper is said at its parts; the slope of the activation is Darknet's.
"""

from mcore.module import Module
from models import BatchNorm2d
from models.backbones import Darknet53
from models.basicblocks.dark import DarkLeakyReLU
from models.heads import YOLOv3Head
from models.necks import YOLOv3Neck
from models.networks.detector import Detector


class YOLOv3(Detector):
    """61.9 million parameters at the 80 classes of COCO.

    Args:
        in_channels: of the image.
        num_classes: kinds of objects.
        decoded: give boxes and scores in place of raw maps.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 80,
        decoded: bool = False,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = DarkLeakyReLU,
    ) -> None:
        backbone = Darknet53(in_channels=in_channels, norm=norm, act=act)
        neck = YOLOv3Neck(in_channels=backbone.channels, in_strides=backbone.strides, norm=norm, act=act)
        head = YOLOv3Head(
            in_channels=neck.channels,
            in_strides=neck.strides,
            num_classes=num_classes,
            decoded=decoded,
            norm=norm,
            act=act,
        )
        super().__init__(backbone=backbone, neck=neck, head=head)
