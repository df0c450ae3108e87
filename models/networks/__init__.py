"""Ready networks: atomic ones, and assemblies of a backbone, maybe a neck, and a head."""

from models.networks.cspnet import cspdarknet53, cspresnet50
from models.networks.darknet import darknet53
from models.networks.deit import deit_small_patch16_224, deit_tiny_distilled_patch16_224, deit_tiny_patch16_224
from models.networks.densenet import densenet121, densenet169
from models.networks.googlenet import googlenet
from models.networks.inceptionv3 import inception_v3
from models.networks.mobilenetv2 import mobilenetv2
from models.networks.mobilenetv3 import mobilenet_v3_large, mobilenet_v3_small
from models.networks.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from models.networks.resnext import resnext50_32x4d, resnext101_32x8d, resnext101_64x4d
from models.networks.segmentation import FCNResNet50, UNetResNet34
from models.networks.seresnet import seresnet50, seresnet101, seresnext50_32x4d
from models.networks.squeezenet import squeezenet1_0, squeezenet1_1
from models.networks.swin import swin_s, swin_t
from models.networks.unet import UNet
from models.networks.vgg import vgg16, vgg16_bn
from models.networks.vit import vit_b_16, vit_small_patch16_224, vit_tiny_patch16_224
from models.networks.wideresnet import wide_resnet50_2, wide_resnet101_2
from models.networks.xception import xception

__all__ = [
    "FCNResNet50",
    "UNet",
    "UNetResNet34",
    "cspdarknet53",
    "cspresnet50",
    "darknet53",
    "deit_small_patch16_224",
    "deit_tiny_distilled_patch16_224",
    "deit_tiny_patch16_224",
    "densenet121",
    "densenet169",
    "googlenet",
    "inception_v3",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "mobilenetv2",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "seresnet50",
    "seresnet101",
    "seresnext50_32x4d",
    "squeezenet1_0",
    "squeezenet1_1",
    "swin_s",
    "swin_t",
    "vgg16",
    "vgg16_bn",
    "vit_b_16",
    "vit_small_patch16_224",
    "vit_tiny_patch16_224",
    "wide_resnet50_2",
    "wide_resnet101_2",
    "xception",
]
