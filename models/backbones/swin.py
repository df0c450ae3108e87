"""Swin: transformer blocks that attend inside windows, in four stages, each at half the resolution of the one before.

Paper: Swin Transformer: Hierarchical Vision Transformer using Shifted Windows (Liu et al., 2021),
https://arxiv.org/abs/2103.14030
Parameter names are torchvision's. As there, the last map alone is normalised; any size is legal, see
:mod:`models.basicblocks.windows`. Stochastic depth is off unless it is asked for.
"""

import mcore.functional as F
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import GELU, Conv2d, LayerNorm, Linear
from models.backbones.base import Backbone
from models.basicblocks.layout import Permute
from models.basicblocks.stochastic_depth import rising_shares
from models.basicblocks.windows import SwinBlock


class PatchMerging(Module):
    """Each two by two places as one of twice the channels: ``(N, H, W, C)`` to ``(N, H/2, W/2, 2C)``, rounded up.

    Args:
        channels: of the map.
    """

    def __init__(self, *, channels: int = 96) -> None:
        super().__init__()
        self.reduction = Linear(4 * channels, 2 * channels, bias=False)
        self.norm = LayerNorm(4 * channels)

    def forward(self, x: Tensor) -> Tensor:
        n, height, width, c = x.shape
        rows, columns = (height + 1) // 2, (width + 1) // 2
        x = F.pad(x, (0, 0, 0, 2 * columns - width, 0, 2 * rows - height))
        x = F.permute(F.reshape(x, (n, rows, 2, columns, 2, c)), (0, 1, 3, 4, 2, 5))
        return self.reduction(self.norm(F.flatten(x, 3)))  # (N, H/2, W/2, 2C); of 4C: column by column


class Swin(Backbone):
    """Stem and four stages; the features are each stage's map.

    Args:
        depths: blocks in each stage; every second one shifts its windows.
        num_heads: of the attention in each stage.
        width: channels of the first stage; doubled at each of the others.
        window: side of the windows.
        in_channels: of the image.
        stochastic_depth: share of the images that training leaves the last block's branches out for; it grows up to there.
        act: class, called without arguments.

    Raises:
        ValueError: ``depths`` and ``num_heads`` are not of four stages.
    """

    def __init__(
        self,
        *,
        depths: tuple[int, ...] = (2, 2, 6, 2),
        num_heads: tuple[int, ...] = (3, 6, 12, 24),
        width: int = 96,
        window: int = 7,
        in_channels: int = 3,
        stochastic_depth: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        if not len(depths) == len(num_heads) == 4:
            raise ValueError(
                f"{type(self).__name__}: depths and num_heads are of four stages, got {depths}, {num_heads}"
            )
        super().__init__()
        self.in_channels = in_channels
        self.channels = tuple(width * 2**i for i in range(4))
        self.strides = (4, 8, 16, 32)
        layers: list[Module] = [Sequential(Conv2d(in_channels, width, 4, 4), Permute(), LayerNorm(width))]
        stages = zip(self.channels, num_heads, rising_shares(stochastic_depth, depths), strict=True)
        for channels, heads, shares in stages:
            if len(layers) > 1:
                layers.append(PatchMerging(channels=channels // 2))
            blocks = [
                SwinBlock(
                    channels=channels,
                    num_heads=heads,
                    window=window,
                    shift=window // 2 if i % 2 else 0,
                    stochastic_depth=share,
                    act=act,
                )
                for i, share in enumerate(shares)
            ]
            layers.append(Sequential(*blocks))
        self.features = Sequential(*layers)
        self.norm = LayerNorm(self.channels[-1])

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for index, layer in enumerate(self.features):
            x = layer(x)  # (N, H/s, W/s, C)
            if index % 2:
                maps.append(x)
        maps[-1] = self.norm(x)
        return [F.permute(m, (0, 3, 1, 2)) for m in maps]  # (N, C, H/s, W/s) each


class SwinTiny(Swin):
    """(2, 2, 6, 2) blocks; parameters as for :class:`Swin`."""

    def __init__(self, *, in_channels: int = 3, stochastic_depth: float = 0.0, act: type[Module] = GELU) -> None:
        super().__init__(in_channels=in_channels, stochastic_depth=stochastic_depth, act=act)


class SwinSmall(Swin):
    """(2, 2, 18, 2) blocks; parameters as for :class:`Swin`."""

    def __init__(self, *, in_channels: int = 3, stochastic_depth: float = 0.0, act: type[Module] = GELU) -> None:
        super().__init__(depths=(2, 2, 18, 2), in_channels=in_channels, stochastic_depth=stochastic_depth, act=act)
