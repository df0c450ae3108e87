"""The Darknet-53 classifier, under the parameter names of timm's checkpoints.

Paper: YOLOv3: An Incremental Improvement (Redmon and Farhadi, 2018), https://arxiv.org/abs/1804.02767
Departures are said at the backbone; the class is its backbone, with a classification head.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, LeakyReLU
from models.backbones import Darknet53
from models.heads import ClassificationHead
from models.networks.base import Network


class darknet53(Network, Darknet53):
    """Darknet-53, 41.6 million parameters.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"
    parts: ClassVar = {"backbone": "Darknet53", "head": "ClassificationHead"}

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
