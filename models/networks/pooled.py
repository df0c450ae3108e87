"""What classifiers have in common whose last layer is ``fc``, beside the layers of their backbone."""

from typing import ClassVar

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Dropout, Linear, ReLU
from models.functional import global_average
from models.networks.base import Network


class PooledClassifier(Network):
    """Makes a classifier of the backbone behind it among a class's bases: the same layers, and a linear one more.

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
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, norm=norm, act=act)
        self.dropout = Dropout(dropout)
        self.fc = Linear(self.channels[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        coarsest = super().forward(x)[-1]  # (N, C, H/32, W/32)
        return self.fc(self.dropout(global_average(coarsest)))  # (N, num_classes)
