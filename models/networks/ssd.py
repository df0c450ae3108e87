"""SSD300: VGG-16 whose linear layers are convolutions, four steps of coarser maps, and predictions on six of the maps.

Paper: SSD: Single Shot MultiBox Detector (Liu et al., 2016), https://arxiv.org/abs/1512.02325
torchvision's checkpoints load by ``key_maps``. It is made for images of 300x300, at which the last map is one place, but takes
any that are not smaller than 268; default boxes keep their sizes in pixels.
"""

from collections.abc import Mapping
from typing import ClassVar

from mcore.init import xavier_uniform_, zeros_
from mcore.module import Module, ModuleList, Sequential
from mcore.sampling import Sampling
from mcore.tensor import Tensor
from models import Conv2d, MaxPool2d, ReLU
from models.backbones import VGG16
from models.backbones.base import Backbone
from models.heads import SSDHead
from models.networks.detector import Detector

#: Index in VGG-16's layers of the last one of the fourth stage, and of the third stage's pooling.
CONV4_3, POOL3 = 22, 16


class SSDVGG16(Backbone):
    """VGG-16 without its last pooling, then dilated and strided convolutions; the last two steps have no padding.

    Args:
        in_channels: of the image.
        act: class, called without arguments.
    """

    def __init__(self, *, in_channels: int = 3, act: type[Module] = ReLU) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.channels = (512, 1024, 512, 256, 256, 256)
        self.strides = (8, 16, 32, 64, 64, 64)
        self.cropped = 4
        layers = list(VGG16(in_channels=in_channels, act=act).features)[:-1]
        layers[POOL3] = MaxPool2d(2, 2, ceil_mode=True)  # 75 places become 38
        self.features = Sequential(*layers)
        self.fc = Sequential(
            MaxPool2d(3, 1, 1), Conv2d(512, 1024, 3, 1, 6, dilation=6), act(), Conv2d(1024, 1024, 1), act()
        )
        self.extra = ModuleList(
            [
                _step(1024, 256, 512, stride=2, padding=1, act=act),
                _step(512, 128, 256, stride=2, padding=1, act=act),
                _step(256, 128, 256, stride=1, padding=0, act=act),
                _step(256, 128, 256, stride=1, padding=0, act=act),
            ]
        )
        for layer in (*self.fc, *(layer for step in self.extra for layer in step)):
            if isinstance(layer, Conv2d):
                xavier_uniform_(layer.weight)
                zeros_(layer.bias)

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index == CONV4_3:
                maps.append(x)  # (N, 512, H/8, W/8)
        x = self.fc(x)
        maps.append(x)  # (N, 1024, H/16, W/16)
        for step in self.extra:
            x = step(x)
            maps.append(x)  # of 300x300: (N, 512, 10, 10), (N, 256, 5, 5), (N, 256, 3, 3), (N, 256, 1, 1)
        return maps


class SSD300(Detector):
    """35.6 million parameters at 91 classes.

    Args:
        in_channels: of the image.
        num_classes: logits of each box, the background among them.
        decoded: give boxes and scores in place of raw predictions.
        act: class, called without arguments.
    """

    key_maps: ClassVar = {
        "torchvision": (
            (r"^backbone\.scale_weight$", "head.scale_weight"),
            (r"^backbone\.extra\.0\.1\.", "backbone.features.24."),
            (r"^backbone\.extra\.0\.3\.", "backbone.features.26."),
            (r"^backbone\.extra\.0\.5\.", "backbone.features.28."),
            (r"^backbone\.extra\.0\.7\.", "backbone.fc."),
            (r"^backbone\.extra\.1\.", "backbone.extra.0."),
            (r"^backbone\.extra\.2\.", "backbone.extra.1."),
            (r"^backbone\.extra\.3\.", "backbone.extra.2."),
            (r"^backbone\.extra\.4\.", "backbone.extra.3."),
        )
    }

    def __init__(
        self, *, in_channels: int = 3, num_classes: int = 91, decoded: bool = False, act: type[Module] = ReLU
    ) -> None:
        backbone = SSDVGG16(in_channels=in_channels, act=act)
        head = SSDHead(
            in_channels=backbone.channels, in_strides=backbone.strides, num_classes=num_classes, decoded=decoded
        )
        super().__init__(backbone=backbone, head=head)

    @property
    def parts(self) -> Mapping[str, str]:
        return {"backbone": "VGG16", "head": "SSDHead"}

    @property
    def sampling(self) -> Sampling:
        return Sampling.image(self.backbone.in_channels, ((300, 300), (268, 332), (309, 281)), minimum=268)


def _step(before: int, width: int, after: int, *, stride: int, padding: int, act: type[Module]) -> Sequential:
    """A 1x1 convolution that narrows and a 3x3 one that steps to the next map."""
    return Sequential(Conv2d(before, width, 1), act(), Conv2d(width, after, 3, stride, padding), act())
