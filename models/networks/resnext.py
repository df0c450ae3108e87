"""ResNeXt classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: Aggregated Residual Transformations for Deep Neural Networks (Xie et al., 2017), https://arxiv.org/abs/1611.05431
Departures are said at the backbones; a class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from models.backbones import ResNeXt50_32x4d, ResNeXt101_32x8d, ResNeXt101_64x4d
from models.networks.resnet import ResNetClassifier


class resnext50_32x4d(ResNetClassifier, ResNeXt50_32x4d):
    """ResNeXt-50 (32x4d), 25.0 million parameters."""

    parts: ClassVar = {"backbone": "ResNeXt50_32x4d", "head": "ClassificationHead"}


class resnext101_32x8d(ResNetClassifier, ResNeXt101_32x8d):
    """ResNeXt-101 (32x8d), 88.8 million parameters."""

    parts: ClassVar = {"backbone": "ResNeXt101_32x8d", "head": "ClassificationHead"}


class resnext101_64x4d(ResNetClassifier, ResNeXt101_64x4d):
    """ResNeXt-101 (64x4d), 83.5 million parameters."""

    parts: ClassVar = {"backbone": "ResNeXt101_64x4d", "head": "ClassificationHead"}
