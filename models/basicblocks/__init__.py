"""Blocks: what backbones, necks and heads are built of, reusable by themselves."""

from models.basicblocks.conv import ConvNormAct
from models.basicblocks.fused_mbconv import FusedMBConv
from models.basicblocks.inverted_residual import InvertedResidual, MBConv
from models.basicblocks.regnet import RegNetBlock
from models.basicblocks.residual import BasicBlock, Bottleneck
from models.basicblocks.unet import DoubleConv, UpBlock

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "ConvNormAct",
    "DoubleConv",
    "FusedMBConv",
    "InvertedResidual",
    "MBConv",
    "RegNetBlock",
    "UpBlock",
]
