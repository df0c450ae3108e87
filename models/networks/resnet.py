"""ResNet classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: Deep Residual Learning for Image Recognition (He et al., 2016), https://arxiv.org/abs/1512.03385
Departures are said at the backbones. Each computes what ``BackboneHead`` of its parts computes, but ``conv1.weight`` is not
``backbone.conv1.weight`` and the linear layer is ``fc``: checkpoints load unchanged. So a class here is its backbone, with a
linear layer more.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Dropout, Linear, ReLU
from models.backbones import ResNet18, ResNet34, ResNet50, ResNet101, ResNet152
from models.functional import global_average
from models.networks.base import Network


class ResNetClassifier(Network):
    """Makes a classifier of the ResNet that stands behind it among a class's bases: the same layers, and a linear one more.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
        output_stride: of the backbone's last map: 8, 16 or 32.
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
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, output_stride=output_stride, norm=norm, act=act)
        self.dropout = Dropout(dropout)
        self.fc = Linear(self.channels[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, C, H/32, W/32)
        return self.fc(self.dropout(global_average(coarsest)))  # (N, num_classes)


class resnet18(ResNetClassifier, ResNet18):
    """ResNet-18, 11.7 million parameters."""

    parts: ClassVar = {"backbone": "ResNet18", "head": "ClassificationHead"}


class resnet34(ResNetClassifier, ResNet34):
    """ResNet-34, 21.8 million parameters."""

    parts: ClassVar = {"backbone": "ResNet34", "head": "ClassificationHead"}


class resnet50(ResNetClassifier, ResNet50):
    """ResNet-50, 25.6 million parameters."""

    parts: ClassVar = {"backbone": "ResNet50", "head": "ClassificationHead"}


class resnet101(ResNetClassifier, ResNet101):
    """ResNet-101, 44.5 million parameters."""

    parts: ClassVar = {"backbone": "ResNet101", "head": "ClassificationHead"}


class resnet152(ResNetClassifier, ResNet152):
    """ResNet-152, 60.2 million parameters."""

    parts: ClassVar = {"backbone": "ResNet152", "head": "ClassificationHead"}
