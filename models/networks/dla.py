"""The DLA classifier, under the flat parameter names of timm's checkpoints.

Paper: Deep Layer Aggregation (Yu et al., 2018), https://arxiv.org/abs/1707.06484
Departures are said at the backbone; the class is its backbone, with a linear layer more, which is a 1x1 convolution there.
"""

from typing import ClassVar

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Dropout, ReLU
from models.backbones import DLA34
from models.networks.base import Network


class dla34(Network, DLA34):
    """DLA-34, 15.7 million parameters.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"
    parts: ClassVar = {"backbone": "DLA34", "head": "ClassificationHead"}

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
        self.fc = Conv2d(self.channels[-1], num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = F.adaptive_avg_pool2d(super().forward(x)[-1], 1)  # (N, 512, 1, 1)
        return F.flatten(self.fc(self.dropout(pooled)), 1)  # (N, num_classes)
