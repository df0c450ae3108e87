"""RetinaNet: ResNet-50, a feature pyramid of five levels, and a head that the levels share.

Paper: Focal Loss for Dense Object Detection (Lin et al., 2017), https://arxiv.org/abs/1708.02002
As in torchvision, whose checkpoints load by ``key_maps``, the sixth level is made of the fifth, not of the backbone's map.
"""

from typing import ClassVar

from mcore.module import Module
from models import BatchNorm2d
from models.backbones import ResNet50
from models.heads import RetinaNetHead
from models.necks import RetinaNetFPN
from models.networks.detector import TORCHVISION_FPN, Detector


class RetinaNet(Detector):
    """34.1 million parameters at 91 classes.

    Args:
        in_channels: of the image.
        num_classes: logits of each box; torchvision counts the background among them.
        decoded: give boxes and scores in place of raw predictions.
        norm: class, called with the number of channels, for the backbone.
    """

    #: Of torchvision's checkpoints; older ones have no numbers for the layers of a convolution and its activation.
    key_maps: ClassVar = {
        "torchvision": (
            *TORCHVISION_FPN,
            (r"_head\.conv\.0\.(?=weight|bias)", "_head.conv.0.0."),
            (r"_head\.conv\.2\.(?=weight|bias)", "_head.conv.1.0."),
            (r"_head\.conv\.4\.(?=weight|bias)", "_head.conv.2.0."),
            (r"_head\.conv\.6\.(?=weight|bias)", "_head.conv.3.0."),
        )
    }

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 91,
        decoded: bool = False,
        norm: type[Module] = BatchNorm2d,
    ) -> None:
        backbone = ResNet50(in_channels=in_channels, norm=norm)
        neck = RetinaNetFPN(in_channels=backbone.channels, in_strides=backbone.strides)
        head = RetinaNetHead(
            in_channels=neck.channels, in_strides=neck.strides, num_classes=num_classes, decoded=decoded
        )
        super().__init__(backbone=backbone, neck=neck, head=head)
