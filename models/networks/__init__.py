"""Ready networks: atomic ones, and assemblies of a backbone, maybe a neck, and a head."""

from models.networks.efficientnet import efficientnet_b0, efficientnet_b1, efficientnet_b2
from models.networks.efficientnetv2 import efficientnet_v2_s
from models.networks.mobilenetv2 import mobilenetv2
from models.networks.mobilenetv3 import mobilenet_v3_large, mobilenet_v3_small
from models.networks.regnet import regnet_x_400mf, regnet_y_1_6gf, regnet_y_400mf
from models.networks.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from models.networks.resnext import resnext50_32x4d, resnext101_32x8d, resnext101_64x4d
from models.networks.segmentation import FCNResNet50, UNetResNet34
from models.networks.seresnet import seresnet50
from models.networks.unet import UNet
from models.networks.wideresnet import wide_resnet50_2, wide_resnet101_2

__all__ = [
    "FCNResNet50",
    "UNet",
    "UNetResNet34",
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_v2_s",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "mobilenetv2",
    "regnet_x_400mf",
    "regnet_y_1_6gf",
    "regnet_y_400mf",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "seresnet50",
    "wide_resnet50_2",
    "wide_resnet101_2",
]
