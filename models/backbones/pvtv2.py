"""PVT v2: a transformer in four stages, whose attention sees the finer maps shrunk, and which needs no position embedding.

Paper: PVT v2: Improved Baselines with Pyramid Vision Transformer (Wang et al., 2022), https://arxiv.org/abs/2106.13797
Parameter names are timm's. Stochastic depth is off unless it is asked for.
"""

from typing import Any

import mcore.functional as F
from mcore.module import Module, ModuleList, Sequential
from mcore.tensor import Tensor
from models import GELU, Identity, LayerNorm
from models.backbones.base import Backbone
from models.basicblocks.spatial_reduction import CHANNELS_FIRST, OverlapPatchEmbed, SpatialReductionBlock
from models.basicblocks.stochastic_depth import rising_shares


class Stage(Module):
    """Blocks on a map of one size, halved before them; at the end the map is normalised.

    Args:
        downsample: makes ``(N, H, W, C)`` of the map before.
        blocks: on it.
        channels: of the blocks' maps.
    """

    def __init__(self, *, downsample: Module, blocks: list[SpatialReductionBlock], channels: int) -> None:
        super().__init__()
        self.downsample = downsample
        self.blocks = ModuleList(blocks)
        self.norm = LayerNorm(channels, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        x = self.downsample(x)  # (N, H, W, C)
        for block in self.blocks:
            x = block(x)
        return F.permute(self.norm(x), CHANNELS_FIRST)  # (N, C, H, W)


class PVTv2(Backbone):
    """Overlapping patches of four by four, and four stages; the features are each stage's map.

    Args:
        depths: blocks in each stage.
        widths: channels of each stage.
        num_heads: of the attention in each stage.
        reductions: of the attention's keys and values in each stage.
        expansions: of the perceptrons in each stage.
        in_channels: of the image.
        stochastic_depth: share of the images that training leaves the last block's branches out for; it grows up to there.
        act: class, called without arguments.

    Raises:
        ValueError: what is said of each stage is not of four stages.
    """

    def __init__(
        self,
        *,
        depths: tuple[int, ...] = (2, 2, 2, 2),
        widths: tuple[int, ...] = (32, 64, 160, 256),
        num_heads: tuple[int, ...] = (1, 2, 5, 8),
        reductions: tuple[int, ...] = (8, 4, 2, 1),
        expansions: tuple[int, ...] = (8, 8, 4, 4),
        in_channels: int = 3,
        stochastic_depth: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        given = {"depths": depths, "widths": widths, "num_heads": num_heads}
        given |= {"reductions": reductions, "expansions": expansions}
        for name, values in given.items():
            if len(values) != 4:
                raise ValueError(f"{type(self).__name__}: {name} are of four stages, got {values}")
        super().__init__()
        self.in_channels = in_channels
        self.channels, self.strides = tuple(widths), (4, 8, 16, 32)
        self.patch_embed = OverlapPatchEmbed(in_channels=in_channels, out_channels=widths[0])
        stages: list[Module] = []
        for i, shares in enumerate(rising_shares(stochastic_depth, depths)):
            options: dict[str, Any] = {"num_heads": num_heads[i], "reduction": reductions[i], "act": act}
            options |= {"channels": widths[i], "expansion": expansions[i]}
            blocks = [SpatialReductionBlock(stochastic_depth=share, **options) for share in shares]
            downsample: Module = Identity()  # of the first stage: the patches' embedding has done it
            if i > 0:
                downsample = OverlapPatchEmbed(
                    in_channels=widths[i - 1], out_channels=widths[i], kernel_size=3, stride=2
                )
            stages.append(Stage(downsample=downsample, blocks=blocks, channels=widths[i]))
        self.stages = Sequential(*stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.patch_embed(x)  # (N, H/4, W/4, C)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)  # (N, channels[i], H/strides[i], W/strides[i])
        return maps


class PVTv2B0(PVTv2):
    """The smallest, (2, 2, 2, 2) blocks; parameters as for :class:`PVTv2`."""

    def __init__(self, *, in_channels: int = 3, stochastic_depth: float = 0.0, act: type[Module] = GELU) -> None:
        super().__init__(in_channels=in_channels, stochastic_depth=stochastic_depth, act=act)


class PVTv2B1(PVTv2):
    """As many blocks, twice as wide; parameters as for :class:`PVTv2`."""

    def __init__(self, *, in_channels: int = 3, stochastic_depth: float = 0.0, act: type[Module] = GELU) -> None:
        super().__init__(
            widths=(64, 128, 320, 512), in_channels=in_channels, stochastic_depth=stochastic_depth, act=act
        )
