"""RegNet classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: Designing Network Design Spaces (Radosavovic et al., 2020), https://arxiv.org/abs/2003.13678
Departures are said at the backbones; a class here is its backbone, with a linear layer more.
"""

from typing import ClassVar

from models.backbones import RegNetX400MF, RegNetY1_6GF, RegNetY400MF
from models.networks.pooled import PooledClassifier


class regnet_x_400mf(PooledClassifier, RegNetX400MF):
    """RegNetX-400MF, 5.5 million parameters."""

    parts: ClassVar = {"backbone": "RegNetX400MF", "head": "ClassificationHead"}


class regnet_y_400mf(PooledClassifier, RegNetY400MF):
    """RegNetY-400MF, 4.3 million parameters."""

    parts: ClassVar = {"backbone": "RegNetY400MF", "head": "ClassificationHead"}


class regnet_y_1_6gf(PooledClassifier, RegNetY1_6GF):
    """RegNetY-1.6GF, 11.2 million parameters."""

    parts: ClassVar = {"backbone": "RegNetY1_6GF", "head": "ClassificationHead"}
