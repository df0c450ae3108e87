"""MiT classifiers: the encoders of SegFormer as they are trained on ImageNet first.

Paper: SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers (Xie et al., 2021),
https://arxiv.org/abs/2105.15203
Departures, and what names checkpoints may have, are said at the backbones.
"""

from typing import ClassVar

from models.backbones import MiTB0, MiTB1
from models.networks.pvtv2 import PyramidClassifier


class mit_b0(PyramidClassifier, MiTB0):
    """MiT-B0, 3.6 million parameters."""

    parts: ClassVar = {"backbone": "MiTB0", "head": "ClassificationHead"}


class mit_b1(PyramidClassifier, MiTB1):
    """MiT-B1, 13.7 million parameters."""

    parts: ClassVar = {"backbone": "MiTB1", "head": "ClassificationHead"}
