"""The Xception classifier, under the flat parameter names of timm's ``legacy_xception``.

Paper: Xception: Deep Learning with Depthwise Separable Convolutions (Chollet, 2017), https://arxiv.org/abs/1610.02357
Departures are said at the backbone; the class is its backbone, with a linear layer more.
"""

from typing import ClassVar

from models.backbones import Xception
from models.networks.pooled import PooledClassifier


class xception(PooledClassifier, Xception):
    """Xception, 22.9 million parameters."""

    parts: ClassVar = {"backbone": "Xception", "head": "ClassificationHead"}
