"""The MobileNetV2 classifier, under the flat parameter names of torchvision's checkpoints.

Paper: MobileNetV2: Inverted Residuals and Linear Bottlenecks (Sandler et al., 2018), https://arxiv.org/abs/1801.04381
Departures are said at the backbone; the class is its backbone, with a linear layer more.
"""

from typing import ClassVar

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Dropout, Linear, ReLU6
from models.backbones import MobileNetV2
from models.functional import global_average
from models.networks.base import Network


class mobilenetv2(Network, MobileNetV2):
    """MobileNetV2, 3.5 million parameters.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
        width: factor of the backbone's channel numbers.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"
    parts: ClassVar = {"backbone": "MobileNetV2", "head": "ClassificationHead"}

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.2,
        width: float = 1.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU6,
    ) -> None:
        super().__init__(in_channels=in_channels, width=width, norm=norm, act=act)
        self.classifier = Sequential(Dropout(dropout), Linear(self.channels[-1], num_classes))

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, 1280, H/32, W/32)
        return self.classifier(global_average(coarsest))  # (N, num_classes)
