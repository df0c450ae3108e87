"""Ready networks: atomic ones, and assemblies of a backbone, maybe a neck, and a head."""

from models.networks.bisenet import BiSeNet
from models.networks.cbamresnet import cbam_resnet50
from models.networks.centernet import CenterNet
from models.networks.convnext import convnext_small, convnext_tiny
from models.networks.cspnet import cspdarknet53, cspresnet50
from models.networks.darknet import darknet53
from models.networks.deeplab import DeepLabV3PlusResNet50, DeepLabV3ResNet50
from models.networks.deit import deit_small_patch16_224, deit_tiny_distilled_patch16_224, deit_tiny_patch16_224
from models.networks.densenet import densenet121, densenet169
from models.networks.dla import dla34
from models.networks.efficientnet import efficientnet_b0, efficientnet_b1, efficientnet_b2
from models.networks.efficientnetv2 import efficientnet_v2_s
from models.networks.enet import ENet
from models.networks.fastdepth import FastDepthMobileNetV2
from models.networks.fastscnn import FastSCNN
from models.networks.fcos import FCOS
from models.networks.ghostnet import ghostnet_100
from models.networks.googlenet import googlenet
from models.networks.hrnet import hrnet_w18
from models.networks.hrnet_ocr import OCRHRNetW18
from models.networks.inceptionv3 import inception_v3
from models.networks.linknet import LinkNetResNet18
from models.networks.lraspp import LRASPPMobileNetV3Large
from models.networks.mit import mit_b0, mit_b1
from models.networks.mnasnet import mnasnet0_5, mnasnet1_0
from models.networks.mobilenetv1 import mobilenetv1_100
from models.networks.mobilenetv2 import mobilenetv2
from models.networks.mobilenetv3 import mobilenet_v3_large, mobilenet_v3_small
from models.networks.mobilevit import mobilevit_s, mobilevit_xxs
from models.networks.pspnet import PSPNetResNet50
from models.networks.pvtv2 import pvt_v2_b0, pvt_v2_b1
from models.networks.regnet import regnet_x_400mf, regnet_y_1_6gf, regnet_y_400mf
from models.networks.repvgg import repvgg_a0
from models.networks.res2net import res2net50_26w_4s
from models.networks.resnest import resnest14d, resnest26d, resnest50d
from models.networks.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from models.networks.resnext import resnext50_32x4d, resnext101_32x8d, resnext101_64x4d
from models.networks.retinanet import RetinaNet
from models.networks.segformer import SegFormerB0, SegFormerB1
from models.networks.segmentation import FCNResNet50, UNetResNet34
from models.networks.segnet import SegNet
from models.networks.seresnet import seresnet50, seresnet101, seresnext50_32x4d
from models.networks.shufflenetv2 import shufflenet_v2_x0_5, shufflenet_v2_x1_0
from models.networks.squeezenet import squeezenet1_0, squeezenet1_1
from models.networks.ssd import SSD300
from models.networks.swin import swin_s, swin_t
from models.networks.unet import UNet
from models.networks.unetplusplus import UNetPlusPlus
from models.networks.upernet import UPerNetResNet50
from models.networks.vgg import vgg16, vgg16_bn
from models.networks.vit import vit_b_16, vit_small_patch16_224, vit_tiny_patch16_224
from models.networks.wideresnet import wide_resnet50_2, wide_resnet101_2
from models.networks.xception import xception
from models.networks.yolov3 import YOLOv3
from models.networks.yolov4 import YOLOv4
from models.networks.yolox import YOLOXSmall

__all__ = [
    "FCOS",
    "SSD300",
    "BiSeNet",
    "CenterNet",
    "DeepLabV3PlusResNet50",
    "DeepLabV3ResNet50",
    "ENet",
    "FCNResNet50",
    "FastDepthMobileNetV2",
    "FastSCNN",
    "LRASPPMobileNetV3Large",
    "LinkNetResNet18",
    "OCRHRNetW18",
    "PSPNetResNet50",
    "RetinaNet",
    "SegFormerB0",
    "SegFormerB1",
    "SegNet",
    "UNet",
    "UNetPlusPlus",
    "UNetResNet34",
    "UPerNetResNet50",
    "YOLOXSmall",
    "YOLOv3",
    "YOLOv4",
    "cbam_resnet50",
    "convnext_small",
    "convnext_tiny",
    "cspdarknet53",
    "cspresnet50",
    "darknet53",
    "deit_small_patch16_224",
    "deit_tiny_distilled_patch16_224",
    "deit_tiny_patch16_224",
    "densenet121",
    "densenet169",
    "dla34",
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_v2_s",
    "ghostnet_100",
    "googlenet",
    "hrnet_w18",
    "inception_v3",
    "mit_b0",
    "mit_b1",
    "mnasnet0_5",
    "mnasnet1_0",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "mobilenetv1_100",
    "mobilenetv2",
    "mobilevit_s",
    "mobilevit_xxs",
    "pvt_v2_b0",
    "pvt_v2_b1",
    "regnet_x_400mf",
    "regnet_y_1_6gf",
    "regnet_y_400mf",
    "repvgg_a0",
    "res2net50_26w_4s",
    "resnest14d",
    "resnest26d",
    "resnest50d",
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
    "shufflenet_v2_x0_5",
    "shufflenet_v2_x1_0",
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
