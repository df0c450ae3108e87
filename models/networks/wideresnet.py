"""Wide ResNet classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: Wide Residual Networks (Zagoruyko and Komodakis, 2016), https://arxiv.org/abs/1605.07146
Departures are said at the backbones; a class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from models.backbones import WideResNet50_2, WideResNet101_2
from models.networks.resnet import ResNetClassifier


class wide_resnet50_2(ResNetClassifier, WideResNet50_2):
    """Wide ResNet-50-2, 68.9 million parameters."""

    parts: ClassVar = {"backbone": "WideResNet50_2", "head": "ClassificationHead"}


class wide_resnet101_2(ResNetClassifier, WideResNet101_2):
    """Wide ResNet-101-2, 126.9 million parameters."""

    parts: ClassVar = {"backbone": "WideResNet101_2", "head": "ClassificationHead"}
