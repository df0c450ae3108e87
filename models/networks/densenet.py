"""DenseNet classifiers, under the flat parameter names of torchvision's models.

Paper: Densely Connected Convolutional Networks (Huang et al., 2017), https://arxiv.org/abs/1608.06993
Departures are said at the backbones; a class here is its backbone, with a linear layer more. torchvision's checkpoints have a
dot more in the names inside dense layers (``norm.1`` for ``norm1``), which the layout ``torchvision`` takes out.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Linear, ReLU
from models.backbones import DenseNet121, DenseNet169
from models.functional import global_average
from models.networks.base import Network


class DenseNetClassifier(Network):
    """Makes a classifier of the DenseNet that stands behind it among a class's bases: the same layers, and a linear one more.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the values of each dense layer that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"
    key_maps: ClassVar = {"torchvision": ((r"(\.denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2"),)}

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, dropout=dropout, norm=norm, act=act)
        self.classifier = Linear(self.channels[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, C, H/32, W/32)
        return self.classifier(global_average(coarsest))  # (N, num_classes)


class densenet121(DenseNetClassifier, DenseNet121):
    """DenseNet-121, 8.0 million parameters."""

    parts: ClassVar = {"backbone": "DenseNet121", "head": "ClassificationHead"}


class densenet169(DenseNetClassifier, DenseNet169):
    """DenseNet-169, 14.1 million parameters."""

    parts: ClassVar = {"backbone": "DenseNet169", "head": "ClassificationHead"}
