"""MNASNet classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: MnasNet: Platform-Aware Neural Architecture Search for Mobile (Tan et al., 2019), https://arxiv.org/abs/1807.11626
Departures are said at the backbone; a class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import Dropout, Linear, ReLU
from models.backbones import MNASNet0_5, MNASNet1_0
from models.backbones.mnasnet import SlowBatchNorm2d
from models.functional import global_average
from models.networks.base import Network


class MNASNetClassifier(Network):
    """Makes a classifier of the MNASNet behind it among a class's bases: the same layers, and a linear one more.

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
        dropout: float = 0.2,
        norm: type[Module] = SlowBatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, norm=norm, act=act)
        self.classifier = Sequential(Dropout(dropout), Linear(self.channels[-1], num_classes))

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, 1280, H/32, W/32)
        return self.classifier(global_average(coarsest))  # (N, num_classes)


class mnasnet0_5(MNASNetClassifier, MNASNet0_5):
    """MNASNet-B1 of half the width, 2.2 million parameters."""

    parts: ClassVar = {"backbone": "MNASNet0_5", "head": "ClassificationHead"}


class mnasnet1_0(MNASNetClassifier, MNASNet1_0):
    """MNASNet-B1, 4.4 million parameters."""

    parts: ClassVar = {"backbone": "MNASNet1_0", "head": "ClassificationHead"}
