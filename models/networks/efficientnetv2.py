"""EfficientNetV2 classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: EfficientNetV2: Smaller Models and Faster Training (Tan and Le, 2021), https://arxiv.org/abs/2104.00298
Departures are said at the backbone; a class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from mcore.module import Module
from models import SiLU
from models.backbones import EfficientNetV2S
from models.backbones.efficientnetv2 import MilliBatchNorm2d
from models.networks.efficientnet import EfficientNetClassifier


class efficientnet_v2_s(EfficientNetClassifier, EfficientNetV2S):
    """EfficientNetV2-S, 21.5 million parameters; arguments as for the classifiers of EfficientNet."""

    parts: ClassVar = {"backbone": "EfficientNetV2S", "head": "ClassificationHead"}

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.2,
        stochastic_depth: float = 0.0,
        norm: type[Module] = MilliBatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__(
            in_channels=in_channels,
            num_classes=num_classes,
            dropout=dropout,
            stochastic_depth=stochastic_depth,
            norm=norm,
            act=act,
        )
