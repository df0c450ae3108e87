"""ConvNeXt classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: A ConvNet for the 2020s (Liu et al., 2022), https://arxiv.org/abs/2201.03545
Departures are said at the backbones; a class here is its backbone, with a normalization of the pooled values and a linear layer
more.
"""

from typing import ClassVar

import mcore.functional as F
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import GELU, Flatten, Linear
from models.backbones import ConvNeXtSmall, ConvNeXtTiny
from models.basicblocks.layout import LayerNorm2d
from models.networks.base import Network


class ConvNeXtClassifier(Network):
    """Makes a classifier of the ConvNeXt that stands behind it among a class's bases: the same layers, and two more.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        layer_scale: what the result of each block is multiplied by at first.
        stochastic_depth: share of the images that training leaves the last block's branch out for; it grows up to there.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        layer_scale: float = 1e-6,
        stochastic_depth: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        super().__init__(in_channels=in_channels, layer_scale=layer_scale, stochastic_depth=stochastic_depth, act=act)
        channels = self.channels[-1]
        self.classifier = Sequential(LayerNorm2d(channels), Flatten(1), Linear(channels, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, C, H/32, W/32)
        return self.classifier(F.adaptive_avg_pool2d(coarsest, 1))  # (N, num_classes)


class convnext_tiny(ConvNeXtClassifier, ConvNeXtTiny):
    """ConvNeXt-T, 28.6 million parameters."""

    parts: ClassVar = {"backbone": "ConvNeXtTiny"}


class convnext_small(ConvNeXtClassifier, ConvNeXtSmall):
    """ConvNeXt-S, 50.2 million parameters."""

    parts: ClassVar = {"backbone": "ConvNeXtSmall"}
