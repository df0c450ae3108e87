"""ResNeSt classifiers, under the flat parameter names of timm's checkpoints.

Paper: ResNeSt: Split-Attention Networks (Zhang et al., 2022), https://arxiv.org/abs/2004.08955
Departures are said at the backbones; a class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from models.backbones import ResNeSt14, ResNeSt26, ResNeSt50
from models.networks.resnet import ResNetClassifier


class resnest14d(ResNetClassifier, ResNeSt14):
    """ResNeSt-14, 10.6 million parameters."""

    parts: ClassVar = {"backbone": "ResNeSt14", "head": "ClassificationHead"}


class resnest26d(ResNetClassifier, ResNeSt26):
    """ResNeSt-26, 17.1 million parameters."""

    parts: ClassVar = {"backbone": "ResNeSt26", "head": "ClassificationHead"}


class resnest50d(ResNetClassifier, ResNeSt50):
    """ResNeSt-50, 27.5 million parameters."""

    parts: ClassVar = {"backbone": "ResNeSt50", "head": "ClassificationHead"}
