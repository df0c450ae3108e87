"""Backbones: an image in, a list of feature maps out, from fine to coarse."""

from models.backbones.cbamresnet import CBAMResNet50
from models.backbones.convnext import ConvNeXtSmall, ConvNeXtTiny
from models.backbones.csp_darknet import CSPDarknet
from models.backbones.cspnet import CSPDarknet53, CSPResNet50
from models.backbones.darknet import Darknet53
from models.backbones.deit import DeiTSmall, DeiTTiny
from models.backbones.densenet import DenseNet121, DenseNet169
from models.backbones.dla import DLA34
from models.backbones.efficientnet import EfficientNetB0, EfficientNetB1, EfficientNetB2
from models.backbones.efficientnetv2 import EfficientNetV2S
from models.backbones.ghostnet import GhostNet
from models.backbones.googlenet import GoogLeNet
from models.backbones.hrnet import HRNetW18, HRNetW32
from models.backbones.inceptionv3 import InceptionV3
from models.backbones.mit import MiTB0, MiTB1
from models.backbones.mnasnet import MNASNet0_5, MNASNet1_0
from models.backbones.mobilenetv1 import MobileNetV1
from models.backbones.mobilenetv2 import MobileNetV2
from models.backbones.mobilenetv3 import MobileNetV3Large, MobileNetV3Small
from models.backbones.mobilevit import MobileViTS, MobileViTXXS
from models.backbones.pvtv2 import PVTv2B0, PVTv2B1
from models.backbones.regnet import RegNetX400MF, RegNetY1_6GF, RegNetY400MF
from models.backbones.repvgg import RepVGGA0
from models.backbones.res2net import Res2Net50
from models.backbones.resnest import ResNeSt14, ResNeSt26, ResNeSt50
from models.backbones.resnet import ResNet18, ResNet34, ResNet50, ResNet101, ResNet152
from models.backbones.resnext import ResNeXt50_32x4d, ResNeXt101_32x8d, ResNeXt101_64x4d
from models.backbones.seresnet import SEResNet50, SEResNet101, SEResNeXt50_32x4d
from models.backbones.shufflenetv2 import ShuffleNetV2X0_5, ShuffleNetV2X1_0
from models.backbones.squeezenet import SqueezeNet1_0, SqueezeNet1_1
from models.backbones.swin import SwinSmall, SwinTiny
from models.backbones.vgg import VGG11, VGG16, VGG19
from models.backbones.vit import ViTB16, ViTSmall16, ViTTiny16
from models.backbones.wideresnet import WideResNet50_2, WideResNet101_2
from models.backbones.xception import Xception

__all__ = [
    "DLA34",
    "VGG11",
    "VGG16",
    "VGG19",
    "CBAMResNet50",
    "CSPDarknet",
    "CSPDarknet53",
    "CSPResNet50",
    "ConvNeXtSmall",
    "ConvNeXtTiny",
    "Darknet53",
    "DeiTSmall",
    "DeiTTiny",
    "DenseNet121",
    "DenseNet169",
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetV2S",
    "GhostNet",
    "GoogLeNet",
    "HRNetW18",
    "HRNetW32",
    "InceptionV3",
    "MNASNet0_5",
    "MNASNet1_0",
    "MiTB0",
    "MiTB1",
    "MobileNetV1",
    "MobileNetV2",
    "MobileNetV3Large",
    "MobileNetV3Small",
    "MobileViTS",
    "MobileViTXXS",
    "PVTv2B0",
    "PVTv2B1",
    "RegNetX400MF",
    "RegNetY1_6GF",
    "RegNetY400MF",
    "RepVGGA0",
    "Res2Net50",
    "ResNeSt14",
    "ResNeSt26",
    "ResNeSt50",
    "ResNeXt50_32x4d",
    "ResNeXt101_32x8d",
    "ResNeXt101_64x4d",
    "ResNet18",
    "ResNet34",
    "ResNet50",
    "ResNet101",
    "ResNet152",
    "SEResNeXt50_32x4d",
    "SEResNet50",
    "SEResNet101",
    "ShuffleNetV2X0_5",
    "ShuffleNetV2X1_0",
    "SqueezeNet1_0",
    "SqueezeNet1_1",
    "SwinSmall",
    "SwinTiny",
    "ViTB16",
    "ViTSmall16",
    "ViTTiny16",
    "WideResNet50_2",
    "WideResNet101_2",
    "Xception",
]
