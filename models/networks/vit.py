"""ViT classifiers, under the flat parameter names of torchvision's checkpoints.

Paper: An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale (Dosovitskiy et al., 2021),
https://arxiv.org/abs/2010.11929
Departures are said at the backbones. A class here is its backbone, with a linear layer on the class token more. That layer
starts as any linear layer, and not with zeros, so that the answer of a fresh network depends on the image.
"""

from typing import ClassVar

from mcore.module import Module, ModuleDict
from mcore.tensor import Tensor
from models import GELU, Linear
from models.backbones import ViTB16, ViTSmall16, ViTTiny16
from models.networks.base import Network


class ViTClassifier(Network):
    """Makes a classifier of the ViT that stands behind it among a class's bases: the same layers, and a linear one more.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the values that training drops in each block.
        image_size: height and width that the position embedding is made for.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.0,
        image_size: tuple[int, int] = (224, 224),
        act: type[Module] = GELU,
    ) -> None:
        super().__init__(in_channels=in_channels, dropout=dropout, image_size=image_size, act=act)
        self.heads = ModuleDict({"head": Linear(self.channels[-1], num_classes)})

    def forward(self, x: Tensor) -> Tensor:
        tapped, _ = self.encode(x)
        return self.heads["head"](tapped[-1][:, 0])  # (N, num_classes), from the class token (N, C)


class vit_tiny_patch16_224(ViTClassifier, ViTTiny16):
    """ViT-Tiny, 5.7 million parameters."""

    parts: ClassVar = {"backbone": "ViTTiny16"}


class vit_small_patch16_224(ViTClassifier, ViTSmall16):
    """ViT-Small, 22.1 million parameters."""

    parts: ClassVar = {"backbone": "ViTSmall16"}


class vit_b_16(ViTClassifier, ViTB16):
    """ViT-Base, 86.6 million parameters."""

    parts: ClassVar = {"backbone": "ViTB16"}
