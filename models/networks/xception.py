"""The Xception classifier, under the flat parameter names of timm's ``legacy_xception``.

Paper: Xception: Deep Learning with Depthwise Separable Convolutions (Chollet, 2017), https://arxiv.org/abs/1610.02357
Departures are said at the backbone; the class is its backbone, with a linear layer more.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Dropout, Linear, ReLU
from models.backbones import Xception
from models.functional import global_average
from models.networks.base import Network


class xception(Network, Xception):
    """Xception, 22.9 million parameters.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"
    parts: ClassVar = {"backbone": "Xception", "head": "ClassificationHead"}

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
        coarsest = super().forward(x)[-1]  # (N, 2048, H/32, W/32)
        return self.fc(self.dropout(global_average(coarsest)))  # (N, num_classes)
