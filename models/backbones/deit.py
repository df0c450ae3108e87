"""DeiT: the network of ViT, trained without outside data, by distillation from a convolutional network.

Paper: Training data-efficient image transformers & distillation through attention (Touvron et al., 2021),
https://arxiv.org/abs/2012.12877
Without distillation token it is ViT under another name, with other weights. Departures are said at :class:`ViT`.
"""

from typing import Any

from mcore.module import Module
from models import GELU
from models.backbones.vit import ViT


class DeiTTiny(ViT):
    """12 blocks of 192 channels and 3 heads; parameters as for :class:`~models.backbones.vit.ViT`."""

    def __init__(
        self,
        *,
        distilled: bool = False,
        taps: tuple[int, ...] = (12,),
        image_size: tuple[int, int] = (224, 224),
        in_channels: int = 3,
        dropout: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        options: dict[str, Any] = {"taps": taps, "image_size": image_size, "dropout": dropout, "act": act}
        super().__init__(distilled=distilled, in_channels=in_channels, **options)


class DeiTSmall(ViT):
    """12 blocks of 384 channels and 6 heads; parameters as for :class:`~models.backbones.vit.ViT`."""

    def __init__(
        self,
        *,
        distilled: bool = False,
        taps: tuple[int, ...] = (12,),
        image_size: tuple[int, int] = (224, 224),
        in_channels: int = 3,
        dropout: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        options: dict[str, Any] = {"taps": taps, "image_size": image_size, "dropout": dropout, "act": act}
        super().__init__(width=384, num_heads=6, distilled=distilled, in_channels=in_channels, **options)
