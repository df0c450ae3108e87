"""Blocks: what backbones, necks and heads are built of, reusable by themselves."""

from models.basicblocks.conv import ConvBnAct, ConvNormAct
from models.basicblocks.convnext import ConvNeXtBlock
from models.basicblocks.csp import CSPBottleneck
from models.basicblocks.csp_layer import CSPLayer
from models.basicblocks.dark import DarkBlock
from models.basicblocks.dense import DenseBlock
from models.basicblocks.fire import Fire
from models.basicblocks.fused_mbconv import FusedMBConv
from models.basicblocks.ghost import GhostBottleneck, GhostModule
from models.basicblocks.inception import Inception
from models.basicblocks.inverted_residual import InvertedResidual, MBConv
from models.basicblocks.mobilevit import MobileViTBlock
from models.basicblocks.regnet import RegNetBlock
from models.basicblocks.repvgg import RepVGGBlock
from models.basicblocks.res2 import Res2Bottleneck
from models.basicblocks.residual import BasicBlock, Bottleneck
from models.basicblocks.separable import SeparableConv
from models.basicblocks.shuffle import ShuffleUnit
from models.basicblocks.split_attention import SplitAttention, SplitAttentionBottleneck
from models.basicblocks.unet import DoubleConv, UpBlock
from models.basicblocks.xception import XceptionBlock

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "CSPBottleneck",
    "CSPLayer",
    "ConvBnAct",
    "ConvNeXtBlock",
    "ConvNormAct",
    "DarkBlock",
    "DenseBlock",
    "DoubleConv",
    "Fire",
    "FusedMBConv",
    "GhostBottleneck",
    "GhostModule",
    "Inception",
    "InvertedResidual",
    "MBConv",
    "MobileViTBlock",
    "RegNetBlock",
    "RepVGGBlock",
    "Res2Bottleneck",
    "SeparableConv",
    "ShuffleUnit",
    "SplitAttention",
    "SplitAttentionBottleneck",
    "UpBlock",
    "XceptionBlock",
]
