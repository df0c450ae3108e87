"""SE-ResNet classifiers, under the flat parameter names of timm's checkpoints.

Paper: Squeeze-and-Excitation Networks (Hu et al., 2018), https://arxiv.org/abs/1709.01507
Departures are said at the backbone; a class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from models.backbones import SEResNet50
from models.networks.resnet import ResNetClassifier


class seresnet50(ResNetClassifier, SEResNet50):
    """SE-ResNet-50, 28.1 million parameters."""

    parts: ClassVar = {"backbone": "SEResNet50", "head": "ClassificationHead"}
