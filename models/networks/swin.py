"""Swin classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: Swin Transformer: Hierarchical Vision Transformer using Shifted Windows (Liu et al., 2021),
https://arxiv.org/abs/2103.14030
Departures are said at the backbones; a class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.tensor import Tensor
from models import GELU, Linear
from models.backbones import SwinSmall, SwinTiny
from models.functional import global_average
from models.networks.base import Network


class SwinClassifier(Network):
    """Makes a classifier of the Swin that stands behind it among a class's bases: the same layers, and a linear one more.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        stochastic_depth: share of the images that training leaves the last block's branches out for; it grows up to there.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        stochastic_depth: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        super().__init__(in_channels=in_channels, stochastic_depth=stochastic_depth, act=act)
        self.head = Linear(self.channels[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, C, H/32, W/32)
        return self.head(global_average(coarsest))  # (N, num_classes)


class swin_t(SwinClassifier, SwinTiny):
    """Swin-T, 28.3 million parameters."""

    parts: ClassVar = {"backbone": "SwinTiny", "head": "ClassificationHead"}


class swin_s(SwinClassifier, SwinSmall):
    """Swin-S, 49.6 million parameters."""

    parts: ClassVar = {"backbone": "SwinSmall", "head": "ClassificationHead"}
