"""DeiT classifiers, under torchvision's parameter names for ViT; ``key_maps`` takes timm's.

Paper: Training data-efficient image transformers & distillation through attention (Touvron et al., 2021),
https://arxiv.org/abs/2012.12877
Departures are said at the backbones. The distilled network always gives the mean of its two answers; to train by
distillation, call ``answers``, which gives both.
"""

from typing import ClassVar

from mcore.module import Module, ModuleDict
from mcore.tensor import Tensor
from models import GELU, Linear
from models.backbones import DeiTSmall, DeiTTiny
from models.networks.base import Network
from models.networks.vit import ViTClassifier


class deit_tiny_patch16_224(ViTClassifier, DeiTTiny):
    """DeiT-Tiny, 5.7 million parameters."""

    parts: ClassVar = {"backbone": "DeiTTiny"}


class deit_small_patch16_224(ViTClassifier, DeiTSmall):
    """DeiT-Small, 22.1 million parameters."""

    parts: ClassVar = {"backbone": "DeiTSmall"}


class deit_tiny_distilled_patch16_224(Network, DeiTTiny):
    """DeiT-Tiny with a distillation token, 5.9 million parameters.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the values that training drops in each block.
        image_size: height and width that the position embedding is made for.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"
    parts: ClassVar = {"backbone": "DeiTTiny"}

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.0,
        image_size: tuple[int, int] = (224, 224),
        act: type[Module] = GELU,
    ) -> None:
        super().__init__(distilled=True, in_channels=in_channels, dropout=dropout, image_size=image_size, act=act)
        self.heads = ModuleDict({name: Linear(self.channels[-1], num_classes) for name in ("head", "head_dist")})

    def answers(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``(N, num_classes)`` from the class token, which learns the labels, and from the teacher's token."""
        tapped, _ = self.encode(x)
        return self.heads["head"](tapped[-1][:, 0]), self.heads["head_dist"](tapped[-1][:, 1])

    def forward(self, x: Tensor) -> Tensor:
        label, teacher = self.answers(x)
        return (label + teacher) / 2  # (N, num_classes)
