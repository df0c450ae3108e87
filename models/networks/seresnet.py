"""SE-ResNet and SE-ResNeXt classifiers, under the flat parameter names of timm's checkpoints.

Paper: Squeeze-and-Excitation Networks (Hu et al., 2018), https://arxiv.org/abs/1709.01507
Departures are said at the backbones; a class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from models.backbones import SEResNet50, SEResNet101, SEResNeXt50_32x4d
from models.networks.resnet import ResNetClassifier


class seresnet50(ResNetClassifier, SEResNet50):
    """SE-ResNet-50, 28.1 million parameters."""

    parts: ClassVar = {"backbone": "SEResNet50", "head": "ClassificationHead"}


class seresnet101(ResNetClassifier, SEResNet101):
    """SE-ResNet-101, 49.3 million parameters."""

    parts: ClassVar = {"backbone": "SEResNet101", "head": "ClassificationHead"}


class seresnext50_32x4d(ResNetClassifier, SEResNeXt50_32x4d):
    """SE-ResNeXt-50 (32x4d), 27.6 million parameters."""

    parts: ClassVar = {"backbone": "SEResNeXt50_32x4d", "head": "ClassificationHead"}
