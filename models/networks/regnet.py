"""RegNet classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: Designing Network Design Spaces (Radosavovic et al., 2020), https://arxiv.org/abs/2003.13678
Departures are said at the backbones; a class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Dropout, Linear, ReLU
from models.backbones import RegNetX400MF, RegNetY1_6GF, RegNetY400MF
from models.functional import global_average
from models.networks.base import Network


class RegNetClassifier(Network):
    """Makes a classifier of the RegNet behind it among a class's bases: the same layers, and a linear one more.

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
        coarsest = super().forward(x)[-1]  # (N, C, H/32, W/32)
        return self.fc(self.dropout(global_average(coarsest)))  # (N, num_classes)


class regnet_x_400mf(RegNetClassifier, RegNetX400MF):
    """RegNetX-400MF, 5.5 million parameters."""

    parts: ClassVar = {"backbone": "RegNetX400MF", "head": "ClassificationHead"}


class regnet_y_400mf(RegNetClassifier, RegNetY400MF):
    """RegNetY-400MF, 4.3 million parameters."""

    parts: ClassVar = {"backbone": "RegNetY400MF", "head": "ClassificationHead"}


class regnet_y_1_6gf(RegNetClassifier, RegNetY1_6GF):
    """RegNetY-1.6GF, 11.2 million parameters."""

    parts: ClassVar = {"backbone": "RegNetY1_6GF", "head": "ClassificationHead"}
