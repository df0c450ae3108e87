"""ShuffleNetV2 classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design (Ma et al., 2018),
https://arxiv.org/abs/1807.11164
A class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from models.backbones import ShuffleNetV2X0_5, ShuffleNetV2X1_0
from models.networks.pooled import PooledClassifier


class shufflenet_v2_x0_5(PooledClassifier, ShuffleNetV2X0_5):
    """ShuffleNetV2 0.5x, 1.4 million parameters."""

    parts: ClassVar = {"backbone": "ShuffleNetV2X0_5", "head": "ClassificationHead"}


class shufflenet_v2_x1_0(PooledClassifier, ShuffleNetV2X1_0):
    """ShuffleNetV2 1x, 2.3 million parameters."""

    parts: ClassVar = {"backbone": "ShuffleNetV2X1_0", "head": "ClassificationHead"}
