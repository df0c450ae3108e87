"""Necks: feature maps in, feature maps out."""

from models.necks.aspp import ASPP
from models.necks.bifpn import BiFPN
from models.necks.deconv import DeconvNeck
from models.necks.fpn import FPN, RetinaNetFPN
from models.necks.pan import PAN
from models.necks.ppm import PPM
from models.necks.spp import SPP, SPPF
from models.necks.yolo import YOLOv3Neck, YOLOv4Neck
from models.necks.yolox import YOLOXNeck

__all__ = [
    "ASPP",
    "FPN",
    "PAN",
    "PPM",
    "SPP",
    "SPPF",
    "BiFPN",
    "DeconvNeck",
    "RetinaNetFPN",
    "YOLOXNeck",
    "YOLOv3Neck",
    "YOLOv4Neck",
]
