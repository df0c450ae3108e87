"""Heads: feature maps in, the answer of a task out."""

from models.heads.centernet import CenterNetHead
from models.heads.classification import ClassificationHead
from models.heads.deeplab import DeepLabV3Head, DeepLabV3PlusHead
from models.heads.fastdepth import FastDepthDecoder
from models.heads.fcn import FCNHead
from models.heads.fcos import FCOSHead
from models.heads.linknet import LinkNetDecoder
from models.heads.lraspp import LRASPPHead
from models.heads.ocr import OCRHead
from models.heads.psp import PSPHead
from models.heads.retinanet import RetinaNetHead
from models.heads.segformer import SegFormerHead
from models.heads.ssd import SSDHead
from models.heads.unet import UNetDecoder
from models.heads.unetplusplus import UNetPlusPlusDecoder
from models.heads.uper import UPerHead
from models.heads.yolo import YOLOv3Head, YOLOv4Head
from models.heads.yolox import YOLOXHead

__all__ = [
    "CenterNetHead",
    "ClassificationHead",
    "DeepLabV3Head",
    "DeepLabV3PlusHead",
    "FCNHead",
    "FCOSHead",
    "FastDepthDecoder",
    "LRASPPHead",
    "LinkNetDecoder",
    "OCRHead",
    "PSPHead",
    "RetinaNetHead",
    "SSDHead",
    "SegFormerHead",
    "UNetDecoder",
    "UNetPlusPlusDecoder",
    "UPerHead",
    "YOLOXHead",
    "YOLOv3Head",
    "YOLOv4Head",
]
