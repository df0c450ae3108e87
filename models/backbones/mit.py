"""MiT: the encoder of SegFormer, a transformer in four stages without position embeddings.

Paper: SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers (Xie et al., 2021),
https://arxiv.org/abs/2105.15203
Layer by layer it is PVT v2 with narrower perceptrons in the first two stages, and so it is written. Parameter names are those
of PVT v2 here; ``key_maps`` takes those of the paper's release. Stochastic depth is off unless it is asked for.
"""

from typing import ClassVar

from mcore.module import Module
from models import GELU
from models.backbones.pvtv2 import PVTv2


class MiT(PVTv2):
    """Mix transformer; the features are each stage's map.

    Args:
        depths: blocks in each stage.
        widths: channels of each stage.
        in_channels: of the image.
        stochastic_depth: share of the images that training leaves the last block's branches out for; it grows up to there.
        act: class, called without arguments.

    Raises:
        ValueError: ``depths`` or ``widths`` are not of four stages.
    """

    #: Names of the checkpoints of the paper's release.
    key_maps: ClassVar = {
        "segformer": (
            (r"^patch_embed1\.", "patch_embed."),
            *((rf"^patch_embed{i + 1}\.", f"stages.{i}.downsample.") for i in range(1, 4)),
            *(
                (rf"^block{i + 1}\.(\d+)\.mlp\.dwconv\.dwconv\.", rf"stages.{i}.blocks.\1.mlp.dwconv.")
                for i in range(4)
            ),
            *((rf"^block{i + 1}\.", f"stages.{i}.blocks.") for i in range(4)),
            *((rf"^norm{i + 1}\.", f"stages.{i}.norm.") for i in range(4)),
        )
    }

    def __init__(
        self,
        *,
        depths: tuple[int, ...] = (2, 2, 2, 2),
        widths: tuple[int, ...] = (32, 64, 160, 256),
        in_channels: int = 3,
        stochastic_depth: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        super().__init__(
            depths=depths,
            widths=widths,
            num_heads=(1, 2, 5, 8),
            reductions=(8, 4, 2, 1),
            expansions=(4, 4, 4, 4),
            in_channels=in_channels,
            stochastic_depth=stochastic_depth,
            act=act,
        )


class MiTB0(MiT):
    """The smallest, for real time; parameters as for :class:`MiT`."""

    def __init__(self, *, in_channels: int = 3, stochastic_depth: float = 0.0, act: type[Module] = GELU) -> None:
        super().__init__(in_channels=in_channels, stochastic_depth=stochastic_depth, act=act)


class MiTB1(MiT):
    """As many blocks, twice as wide; parameters as for :class:`MiT`."""

    def __init__(self, *, in_channels: int = 3, stochastic_depth: float = 0.0, act: type[Module] = GELU) -> None:
        super().__init__(
            widths=(64, 128, 320, 512), in_channels=in_channels, stochastic_depth=stochastic_depth, act=act
        )
