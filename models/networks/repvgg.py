"""The RepVGG classifier, under the parameter names of timm's checkpoints.

Paper: RepVGG: Making VGG-style ConvNets Great Again (Ding et al., 2021), https://arxiv.org/abs/2101.03697
Departures are said at the backbone; the class is its backbone, with a classification head.
"""

from typing import ClassVar

from mcore.module import Module
from mcore.tensor import Tensor
from models import ReLU
from models.backbones import RepVGGA0
from models.heads import ClassificationHead
from models.networks.base import Network


class repvgg_a0(Network, RepVGGA0):
    """RepVGG-A0, 9.1 million parameters, and 8.3 million when deployed.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
        deployed: the form that is used, of single convolutions; ``deploy()`` makes it of a trained network.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"
    parts: ClassVar = {"backbone": "RepVGGA0", "head": "ClassificationHead"}

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.0,
        deployed: bool = False,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, deployed=deployed, act=act)
        self.head = ClassificationHead(
            in_channels=self.channels, in_strides=self.strides, num_classes=num_classes, dropout=dropout
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.head(super().forward(x))  # (N, num_classes)
