"""CSPNet classifiers, under the parameter names of timm's checkpoints.

Paper: CSPNet: A New Backbone that can Enhance Learning Capability of CNN (Wang et al., 2020), https://arxiv.org/abs/1911.11929
Departures are said at the backbones; a class here is its backbone, with a classification head.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, LeakyReLU
from models.backbones import CSPDarknet53, CSPResNet50
from models.heads import ClassificationHead
from models.networks.base import Network


class CSPClassifier(Network):
    """Makes a classifier of the backbone that stands behind it among a class's bases: the same layers, and a head.

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
        act: type[Module] = LeakyReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, norm=norm, act=act)
        self.head = ClassificationHead(
            in_channels=self.channels, in_strides=self.strides, num_classes=num_classes, dropout=dropout
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.head(super().forward(x))  # (N, num_classes)


class cspresnet50(CSPClassifier, CSPResNet50):
    """CSPResNet-50, 21.6 million parameters."""

    parts: ClassVar = {"backbone": "CSPResNet50", "head": "ClassificationHead"}


class cspdarknet53(CSPClassifier, CSPDarknet53):
    """CSPDarknet-53, 27.6 million parameters."""

    parts: ClassVar = {"backbone": "CSPDarknet53", "head": "ClassificationHead"}
