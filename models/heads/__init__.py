"""Heads: feature maps in, the answer of a task out."""

from models.heads.classification import ClassificationHead
from models.heads.fcn import FCNHead
from models.heads.unet import UNetDecoder
from models.heads.yolo import YOLOv3Head, YOLOv4Head

__all__ = ["ClassificationHead", "FCNHead", "UNetDecoder", "YOLOv3Head", "YOLOv4Head"]
