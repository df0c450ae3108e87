"""The GhostNet classifier, with a key map for timm's checkpoints.

Paper: GhostNet: More Features from Cheap Operations (Han et al., 2020), https://arxiv.org/abs/1911.11907
Departures are said at the backbone; the class is its backbone, with two layers more behind the pooling.
"""

from typing import ClassVar

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Dropout, Linear, ReLU
from models.backbones import GhostNet
from models.networks.base import Network


class ghostnet_100(Network, GhostNet):
    """GhostNet 1x, 5.2 million parameters.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the values before the last layer that training drops.
        width: factor of the backbone's channel numbers.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"
    parts: ClassVar = {"backbone": "GhostNet", "head": "ClassificationHead"}

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.2,
        width: float = 1.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, width=width, norm=norm, act=act)
        self.conv_head = Conv2d(self.channels[-1], 1280, 1)
        self.act_head = act()
        self.dropout = Dropout(dropout)
        self.classifier = Linear(1280, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, 960, H/32, W/32)
        pooled = F.adaptive_avg_pool2d(coarsest, 1)
        pooled = F.flatten(self.act_head(self.conv_head(pooled)), 1)  # (N, 1280)
        return self.classifier(self.dropout(pooled))  # (N, num_classes)
