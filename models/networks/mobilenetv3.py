"""MobileNetV3 classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: Searching for MobileNetV3 (Howard et al., 2019), https://arxiv.org/abs/1905.02244
Departures are said at the backbones. A class here is its backbone, with the paper's "efficient last stage" more: the wide layer
behind the last convolution comes after the pooling, as a linear layer.
"""

from typing import ClassVar

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import Dropout, Hardswish, Linear
from models.backbones import MobileNetV3Large, MobileNetV3Small
from models.backbones.mobilenetv3 import SteadyBatchNorm2d
from models.functional import global_average
from models.networks.base import Network
from models.utils import make_divisible


class MobileNetV3Classifier(Network):
    """Makes a classifier of the MobileNetV3 behind it among a class's bases: the same layers, and two linear ones more.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the values before the last layer that training drops.
        width: factor of all channel numbers.
        norm: class, called with the number of channels.
        act: class, called without arguments, where the paper has the hard swish.
    """

    task: ClassVar[str] = "classification"
    #: Channels between the two linear layers.
    hidden: ClassVar[int]

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.2,
        width: float = 1.0,
        norm: type[Module] = SteadyBatchNorm2d,
        act: type[Module] = Hardswish,
    ) -> None:
        super().__init__(in_channels=in_channels, width=width, norm=norm, act=act)
        hidden = make_divisible(self.hidden * width)
        self.classifier = Sequential(
            Linear(self.channels[-1], hidden), act(), Dropout(dropout), Linear(hidden, num_classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, C, H/32, W/32)
        return self.classifier(global_average(coarsest))  # (N, num_classes)


class mobilenet_v3_large(MobileNetV3Classifier, MobileNetV3Large):
    """MobileNetV3-Large, 5.5 million parameters."""

    parts: ClassVar = {"backbone": "MobileNetV3Large", "head": "ClassificationHead"}
    hidden: ClassVar[int] = 1280


class mobilenet_v3_small(MobileNetV3Classifier, MobileNetV3Small):
    """MobileNetV3-Small, 2.5 million parameters."""

    parts: ClassVar = {"backbone": "MobileNetV3Small", "head": "ClassificationHead"}
    hidden: ClassVar[int] = 1024
