"""Heads: feature maps in, the answer of a task out."""

from models.heads.classification import ClassificationHead
from models.heads.fcn import FCNHead
from models.heads.unet import UNetDecoder

__all__ = ["ClassificationHead", "FCNHead", "UNetDecoder"]
