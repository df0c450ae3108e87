"""MobileViT classifiers.

Paper: MobileViT: Light-weight, General-purpose, and Mobile-friendly Vision Transformer (Mehta and Rastegari, 2022),
https://arxiv.org/abs/2110.02178
Departures, and what names checkpoints may have, are said at the backbones; a class here is its backbone, with a linear layer
more.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Dropout, Linear, SiLU
from models.backbones import MobileViTS, MobileViTXXS
from models.functional import global_average
from models.networks.base import Network


class MobileViTClassifier(Network):
    """Makes a classifier of the MobileViT that stands behind it among a class's bases: the same layers, and a linear one more.

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
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__(in_channels=in_channels, norm=norm, act=act)
        self.dropout = Dropout(dropout)
        self.head = Linear(self.channels[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, C, H/32, W/32)
        return self.head(self.dropout(global_average(coarsest)))  # (N, num_classes)


class mobilevit_xxs(MobileViTClassifier, MobileViTXXS):
    """MobileViT-XXS, 1.3 million parameters."""

    parts: ClassVar = {"backbone": "MobileViTXXS", "head": "ClassificationHead"}


class mobilevit_s(MobileViTClassifier, MobileViTS):
    """MobileViT-S, 5.6 million parameters."""

    parts: ClassVar = {"backbone": "MobileViTS", "head": "ClassificationHead"}
