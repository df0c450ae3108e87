"""PVT v2 classifiers, under the flat parameter names of timm's checkpoints.

Paper: PVT v2: Improved Baselines with Pyramid Vision Transformer (Wang et al., 2022), https://arxiv.org/abs/2106.13797
Departures are said at the backbones; a class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.tensor import Tensor
from models import GELU, Dropout, Linear
from models.backbones import PVTv2B0, PVTv2B1
from models.functional import global_average
from models.networks.base import Network


class PyramidClassifier(Network):
    """Makes a classifier of the pyramid transformer behind it among a class's bases: the same layers, and a linear one more.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
        stochastic_depth: share of the images that training leaves the last block's branches out for; it grows up to there.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.0,
        stochastic_depth: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        super().__init__(in_channels=in_channels, stochastic_depth=stochastic_depth, act=act)
        self.dropout = Dropout(dropout)
        self.head = Linear(self.channels[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, C, H/32, W/32)
        return self.head(self.dropout(global_average(coarsest)))  # (N, num_classes)


class pvt_v2_b0(PyramidClassifier, PVTv2B0):
    """PVT v2 B0, 3.7 million parameters."""

    parts: ClassVar = {"backbone": "PVTv2B0", "head": "ClassificationHead"}


class pvt_v2_b1(PyramidClassifier, PVTv2B1):
    """PVT v2 B1, 14.0 million parameters."""

    parts: ClassVar = {"backbone": "PVTv2B1", "head": "ClassificationHead"}
