"""YOLOv4: CSPDarknet-53, spatial pyramid pooling, path aggregation, and predictions at three scales.

Paper: YOLOv4: Optimal Speed and Accuracy of Object Detection (Bochkovskiy et al., 2020), https://arxiv.org/abs/2004.10934
As in the authors' release, the backbone's activation is Mish and the other parts' leaky with Darknet's slope.
"""

from mcore.module import Module
from models import BatchNorm2d, Mish
from models.backbones import CSPDarknet53
from models.basicblocks.dark import DarkLeakyReLU
from models.heads import YOLOv4Head
from models.necks import YOLOv4Neck
from models.networks.detector import Detector


class YOLOv4(Detector):
    """64.4 million parameters at the 80 classes of COCO.

    Args:
        in_channels: of the image.
        num_classes: kinds of objects.
        decoded: give boxes and scores in place of raw maps.
        norm: class, called with the number of channels.
        act: class, called without arguments, for the backbone.
        head_act: class, called without arguments, for the neck and the head.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 80,
        decoded: bool = False,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = Mish,
        head_act: type[Module] = DarkLeakyReLU,
    ) -> None:
        backbone = CSPDarknet53(in_channels=in_channels, norm=norm, act=act)
        neck = YOLOv4Neck(in_channels=backbone.channels, in_strides=backbone.strides, norm=norm, act=head_act)
        head = YOLOv4Head(
            in_channels=neck.channels,
            in_strides=neck.strides,
            num_classes=num_classes,
            decoded=decoded,
            norm=norm,
            act=head_act,
        )
        super().__init__(backbone=backbone, neck=neck, head=head)
