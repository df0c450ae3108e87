"""The GoogLeNet classifier, under the flat parameter names of torchvision's checkpoints, without its auxiliary heads.

Paper: Going Deeper with Convolutions (Szegedy et al., 2015), https://arxiv.org/abs/1409.4842
Departures are said at the backbone; the class is its backbone, with a linear layer more. torchvision's weights want channels
of mean 0.5 and deviation 0.5 (it scales ImageNet's normalization to that inside the network; here the manifest says it).
"""

from typing import ClassVar

from mcore.module import Module
from models import ReLU
from models.backbones import GoogLeNet
from models.basicblocks.inception import InceptionNorm
from models.networks.pooled import PooledClassifier


class googlenet(PooledClassifier, GoogLeNet):
    """GoogLeNet, 6.6 million parameters.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    parts: ClassVar = {"backbone": "GoogLeNet", "head": "ClassificationHead"}
    key_maps: ClassVar = {"torchvision": ((r"^aux[12]\.", None),)}

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.2,
        norm: type[Module] = InceptionNorm,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, num_classes=num_classes, dropout=dropout, norm=norm, act=act)
