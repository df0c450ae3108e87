"""VGG classifiers: three linear layers on a 7x7 map, under the flat parameter names of torchvision's checkpoints.

Paper: Very Deep Convolutional Networks for Large-Scale Image Recognition (Simonyan and Zisserman, 2015),
https://arxiv.org/abs/1409.1556
Departures are said at the backbones. As in torchvision, maps of another size than 7x7 are averaged to it, so that images of
any size can be classified.
"""

from typing import ClassVar

import mcore.functional as F
from mcore.init import normal_, zeros_
from mcore.module import Module, Sequential
from mcore.sampling import Sampling
from mcore.tensor import Tensor
from models import BatchNorm2d, Dropout, Linear, ReLU
from models.backbones import VGG16
from models.networks.base import Network


class VGGClassifier(Network):
    """Makes a classifier of the VGG that stands behind it among a class's bases: the same layers, and three linear ones more.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the values that training drops after each of the two hidden linear layers.
        norm: class, called with the number of channels; ``None`` for none.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.5,
        norm: type[Module] | None = None,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, norm=norm, act=act)
        self.classifier = Sequential(
            _normal(Linear(self.channels[-1] * 7 * 7, 4096)),
            act(),
            Dropout(dropout),
            _normal(Linear(4096, 4096)),
            act(),
            Dropout(dropout),
            _normal(Linear(4096, num_classes)),
        )

    @property
    def sampling(self) -> Sampling:
        """Those of the backbone, but one of the size that the classifier is made for."""
        _, *smaller = super().sampling.sizes
        return Sampling.image(self.in_channels, ((224, 224), *smaller))

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, 512, H/32, W/32)
        pooled = F.adaptive_avg_pool2d(coarsest, (7, 7))
        return self.classifier(F.flatten(pooled, 1))  # (N, num_classes)


def _normal(linear: Linear) -> Linear:
    """The layer, with weights drawn as the paper draws them."""
    normal_(linear.weight, 0.0, 0.01)
    zeros_(linear.bias)
    return linear


class vgg16(VGGClassifier, VGG16):
    """VGG-16, 138.4 million parameters."""

    parts: ClassVar = {"backbone": "VGG16"}


class vgg16_bn(VGGClassifier, VGG16):
    """VGG-16 with batch normalization, 138.4 million parameters."""

    parts: ClassVar = {"backbone": "VGG16"}

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.5,
        norm: type[Module] | None = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, num_classes=num_classes, dropout=dropout, norm=norm, act=act)
