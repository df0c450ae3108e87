"""The Res2Net classifier, under the flat parameter names of timm's checkpoints.

Paper: Res2Net: A New Multi-scale Backbone Architecture (Gao et al., 2021), https://arxiv.org/abs/1904.01169
Departures are said at the backbone; the class is its backbone, with a linear layer more.
"""

from typing import ClassVar

from models.backbones import Res2Net50
from models.networks.resnet import ResNetClassifier


class res2net50_26w_4s(ResNetClassifier, Res2Net50):
    """Res2Net-50 (26w 4s), 25.7 million parameters."""

    parts: ClassVar = {"backbone": "Res2Net50", "head": "ClassificationHead"}
