"""CenterNet: a ResNet-18, transposed convolutions back to a quarter of the image's resolution, and maps of centres and sizes.

Paper: Objects as Points (Zhou et al., 2019), https://arxiv.org/abs/1904.07850
It is the release's ``res_18``: the transposed convolutions have no deformable ones between them, as the paper's own table has.
Checkpoints of the release load by ``key_maps``.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.sampling import Sampling
from models import BatchNorm2d
from models.backbones import ResNet18
from models.heads import CenterNetHead
from models.necks import DeconvNeck
from models.networks.detector import Detector


class CenterNet(Detector):
    """15.9 million parameters at the 80 classes of COCO; sizes of images are multiples of 32, as the release pads them to be.

    Args:
        in_channels: of the image.
        num_classes: kinds of objects.
        decoded: give boxes and scores in place of raw predictions.
        norm: class, called with the number of channels.
    """

    key_maps: ClassVar = {
        "release": (
            (r"^(conv1|bn1|layer\d)\.", r"backbone.\1."),
            (r"^deconv_layers\.", "neck.deconv_layers."),
            (r"^(hm|wh|reg)\.", r"head.\1."),
        )
    }

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 80,
        decoded: bool = False,
        norm: type[Module] = BatchNorm2d,
    ) -> None:
        backbone = ResNet18(in_channels=in_channels, norm=norm)
        neck = DeconvNeck(in_channels=backbone.channels, in_strides=backbone.strides, norm=norm)
        head = CenterNetHead(
            in_channels=neck.channels, in_strides=neck.strides, num_classes=num_classes, decoded=decoded
        )
        super().__init__(backbone=backbone, neck=neck, head=head)

    @property
    def sampling(self) -> Sampling:
        sizes = ((160, 160), (128, 192), (96, 96))
        return Sampling.image(self.backbone.in_channels, sizes, minimum=64, multiple_of=32)
