"""ShuffleNetV2 classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design (Ma et al., 2018),
https://arxiv.org/abs/1807.11164
A class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Dropout, Linear, ReLU
from models.backbones import ShuffleNetV2X0_5, ShuffleNetV2X1_0
from models.functional import global_average
from models.networks.base import Network


class ShuffleNetV2Classifier(Network):
    """Makes a classifier of the ShuffleNetV2 behind it among a class's bases: the same layers, and a linear one more.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, norm=norm, act=act)
        self.dropout = Dropout(dropout)
        self.fc = Linear(self.channels[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, 1024, H/32, W/32)
        return self.fc(self.dropout(global_average(coarsest)))  # (N, num_classes)


class shufflenet_v2_x0_5(ShuffleNetV2Classifier, ShuffleNetV2X0_5):
    """ShuffleNetV2 0.5x, 1.4 million parameters."""

    parts: ClassVar = {"backbone": "ShuffleNetV2X0_5", "head": "ClassificationHead"}


class shufflenet_v2_x1_0(ShuffleNetV2Classifier, ShuffleNetV2X1_0):
    """ShuffleNetV2 1x, 2.3 million parameters."""

    parts: ClassVar = {"backbone": "ShuffleNetV2X1_0", "head": "ClassificationHead"}
