"""SqueezeNet classifiers: a map of scores for each class, averaged, under the parameter names of torchvision's checkpoints.

Paper: SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size (Iandola et al., 2016),
https://arxiv.org/abs/1602.07360
Departures are said at the backbones; a class here is its backbone, with a 1x1 convolution more.
"""

from typing import ClassVar

from mcore.init import normal_, zeros_
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import Conv2d, Dropout, ReLU
from models.backbones import SqueezeNet1_0, SqueezeNet1_1
from models.functional import global_average
from models.networks.base import Network


class SqueezeNetClassifier(Network):
    """Makes a classifier of the SqueezeNet that stands behind it among a class's bases.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives, none of them negative.
        dropout: share of the values of the last map that training drops.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.5,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, act=act)
        score = Conv2d(self.channels[-1], num_classes, 1)
        normal_(score.weight, 0.0, 0.01)
        zeros_(score.bias)
        self.classifier = Sequential(Dropout(dropout), score, act())

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, 512, H/16, W/16)
        return global_average(self.classifier(coarsest))  # (N, num_classes)


class squeezenet1_0(SqueezeNetClassifier, SqueezeNet1_0):
    """SqueezeNet 1.0, 1.25 million parameters."""

    parts: ClassVar = {"backbone": "SqueezeNet1_0"}


class squeezenet1_1(SqueezeNetClassifier, SqueezeNet1_1):
    """SqueezeNet 1.1, 1.24 million parameters."""

    parts: ClassVar = {"backbone": "SqueezeNet1_1"}
