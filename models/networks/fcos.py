"""FCOS: ResNet-50, a feature pyramid of five levels, and a head without anchors that the levels share.

Papers: FCOS: Fully Convolutional One-Stage Object Detection (Tian et al., 2019), https://arxiv.org/abs/1904.01355; FCOS: A
Simple and Strong Anchor-free Object Detector (Tian et al., 2020), https://arxiv.org/abs/2006.09214
torchvision's checkpoints load by ``key_maps`` where ``scaled`` is not set; other departures are said at the head.
"""

from typing import ClassVar

from mcore.module import Module
from models import BatchNorm2d
from models.backbones import ResNet50
from models.heads import FCOSHead
from models.necks import RetinaNetFPN
from models.networks.detector import TORCHVISION_FPN, Detector


class FCOS(Detector):
    """32.3 million parameters at 91 classes.

    Args:
        in_channels: of the image.
        num_classes: logits of each box; torchvision counts the background among them.
        scaled: learn a factor of the distances for each level, as in the papers; torchvision has none.
        decoded: give boxes and scores in place of raw predictions.
        norm: class, called with the number of channels, for the backbone.
    """

    key_maps: ClassVar = {"torchvision": TORCHVISION_FPN}

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 91,
        scaled: bool = True,
        decoded: bool = False,
        norm: type[Module] = BatchNorm2d,
    ) -> None:
        backbone = ResNet50(in_channels=in_channels, norm=norm)
        neck = RetinaNetFPN(in_channels=backbone.channels, in_strides=backbone.strides)
        head = FCOSHead(
            in_channels=neck.channels,
            in_strides=neck.strides,
            num_classes=num_classes,
            scaled=scaled,
            decoded=decoded,
        )
        super().__init__(backbone=backbone, neck=neck, head=head)
