"""Backbones: an image in, a list of feature maps out, from fine to coarse."""

from models.backbones.mobilenetv2 import MobileNetV2
from models.backbones.resnet import ResNet18, ResNet34, ResNet50, ResNet101, ResNet152
from models.backbones.seresnet import SEResNet50

__all__ = ["MobileNetV2", "ResNet18", "ResNet34", "ResNet50", "ResNet101", "ResNet152", "SEResNet50"]
