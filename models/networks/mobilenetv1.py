"""The MobileNet classifier, version 1, with a key map for timm's checkpoints.

Paper: MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications (Howard et al., 2017),
https://arxiv.org/abs/1704.04861
Departures are said at the backbone; the class is its backbone, with a linear layer more.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Dropout, Linear, ReLU6
from models.backbones import MobileNetV1
from models.functional import global_average
from models.networks.base import Network


class mobilenetv1_100(Network, MobileNetV1):
    """MobileNet, version 1, 4.2 million parameters.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
        width: factor of the backbone's channel numbers.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"
    parts: ClassVar = {"backbone": "MobileNetV1", "head": "ClassificationHead"}

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.0,
        width: float = 1.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU6,
    ) -> None:
        super().__init__(in_channels=in_channels, width=width, norm=norm, act=act)
        self.dropout = Dropout(dropout)
        self.classifier = Linear(self.channels[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, 1024, H/32, W/32)
        return self.classifier(self.dropout(global_average(coarsest)))  # (N, num_classes)
