"""Backbones: an image in, a list of feature maps out, from fine to coarse."""

from models.backbones.efficientnet import EfficientNetB0, EfficientNetB1, EfficientNetB2
from models.backbones.efficientnetv2 import EfficientNetV2S
from models.backbones.mobilenetv2 import MobileNetV2
from models.backbones.mobilenetv3 import MobileNetV3Large, MobileNetV3Small
from models.backbones.regnet import RegNetX400MF, RegNetY1_6GF, RegNetY400MF
from models.backbones.resnet import ResNet18, ResNet34, ResNet50, ResNet101, ResNet152
from models.backbones.resnext import ResNeXt50_32x4d, ResNeXt101_32x8d, ResNeXt101_64x4d
from models.backbones.seresnet import SEResNet50
from models.backbones.wideresnet import WideResNet50_2, WideResNet101_2

__all__ = [
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetV2S",
    "MobileNetV2",
    "MobileNetV3Large",
    "MobileNetV3Small",
    "RegNetX400MF",
    "RegNetY1_6GF",
    "RegNetY400MF",
    "ResNeXt50_32x4d",
    "ResNeXt101_32x8d",
    "ResNeXt101_64x4d",
    "ResNet18",
    "ResNet34",
    "ResNet50",
    "ResNet101",
    "ResNet152",
    "SEResNet50",
    "WideResNet50_2",
    "WideResNet101_2",
]
