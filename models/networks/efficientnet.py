"""EfficientNet classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks (Tan and Le, 2019),
https://arxiv.org/abs/1905.11946
Departures are said at the backbones; a class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Dropout, Linear, SiLU
from models.backbones import EfficientNetB0, EfficientNetB1, EfficientNetB2
from models.functional import global_average
from models.networks.base import Network


class EfficientNetClassifier(Network):
    """Makes a classifier of the EfficientNet behind it among a class's bases: the same layers, and a linear one more.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
        stochastic_depth: share of the images for which training leaves the last block out.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.2,
        stochastic_depth: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__(in_channels=in_channels, stochastic_depth=stochastic_depth, norm=norm, act=act)
        self.classifier = Sequential(Dropout(dropout), Linear(self.channels[-1], num_classes))

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, C, H/32, W/32)
        return self.classifier(global_average(coarsest))  # (N, num_classes)


class efficientnet_b0(EfficientNetClassifier, EfficientNetB0):
    """EfficientNet-B0, 5.3 million parameters."""

    parts: ClassVar = {"backbone": "EfficientNetB0", "head": "ClassificationHead"}


class efficientnet_b1(EfficientNetClassifier, EfficientNetB1):
    """EfficientNet-B1, 7.8 million parameters."""

    parts: ClassVar = {"backbone": "EfficientNetB1", "head": "ClassificationHead"}


class efficientnet_b2(EfficientNetClassifier, EfficientNetB2):
    """EfficientNet-B2, 9.1 million parameters."""

    parts: ClassVar = {"backbone": "EfficientNetB2", "head": "ClassificationHead"}

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.3,
        stochastic_depth: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__(
            in_channels=in_channels,
            num_classes=num_classes,
            dropout=dropout,
            stochastic_depth=stochastic_depth,
            norm=norm,
            act=act,
        )
