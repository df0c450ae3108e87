"""RegNet: stages of simple blocks whose widths and depths all follow from one quantised linear function.

Paper: Designing Network Design Spaces (Radosavovic et al., 2020), https://arxiv.org/abs/2003.13678
Parameter names are torchvision's. Bottlenecks do not narrow, as in all of the paper's final networks.
"""

from math import log

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, ReLU
from models.attention import SqueezeExcitation
from models.backbones.base import Backbone
from models.basicblocks import ConvNormAct, RegNetBlock
from models.utils import make_divisible

#: Channels of the stem.
STEM = 32


def regnet_stages(blocks: int, start: int, slope: float, step: float, group_width: int) -> list[tuple[int, int, int]]:
    """Of each stage: its channels, its blocks, and the channels of its groups (sections 3.3 and 4 of the paper).

    Block ``j`` would have ``start + slope * j`` channels; that is rounded to a power of ``step`` times ``start``, and to a
    multiple of eight. Blocks of one width are a stage, whose width is then rounded to whole groups.
    """
    widths = []
    for j in range(blocks):
        exponent = round(log((start + slope * j) / start) / log(step))
        widths.append(round(start * step**exponent / 8) * 8)
    stages = []
    for width in sorted(set(widths)):
        group = min(group_width, width)
        stages.append((make_divisible(width, group), widths.count(width), group))
    return stages


class RegNet(Backbone):
    """Stem and four stages; the features are the stem's map and each stage's.

    Args:
        blocks: in all stages together.
        start: width of the first block, the paper's w0.
        slope: how much wider each block would be than the one before, the paper's wa.
        step: factor between the widths of stages before rounding, the paper's wm.
        group_width: channels of each group of the 3x3 convolutions.
        squeeze: channels of the attention's bottleneck as a share of those of the block's input; 0 for no attention.
        in_channels: of the image.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the function gives other than four stages.
    """

    def __init__(
        self,
        *,
        blocks: int,
        start: int,
        slope: float,
        step: float,
        group_width: int,
        squeeze: float = 0.0,
        in_channels: int = 3,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        stages = regnet_stages(blocks, start, slope, step, group_width)
        if len(stages) != 4:
            raise ValueError(f"{type(self).__name__}: stages are four, got widths {[width for width, _, _ in stages]}")
        super().__init__()
        self.in_channels = in_channels
        self.channels = (STEM, *(width for width, _, _ in stages))
        self.strides = (2, 4, 8, 16, 32)
        self.stem = ConvNormAct(in_channels=in_channels, out_channels=STEM, stride=2, norm=norm, act=act)
        self.trunk_output = Sequential()
        before = STEM
        for number, (width, depth, group) in enumerate(stages, 1):
            stage = Sequential()
            for i in range(depth):
                block = RegNetBlock(
                    in_channels=before,
                    out_channels=width,
                    stride=2 if i == 0 else 1,
                    group_width=group,
                    attention=_attention(width, round(squeeze * before), act),
                    norm=norm,
                    act=act,
                )
                stage.add_module(f"block{number}-{i}", block)
                before = width
            self.trunk_output.add_module(f"block{number}", stage)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)  # (N, 32, H/2, W/2)
        maps = [x]
        for stage in self.trunk_output:
            x = stage(x)  # (N, C, H/4, W/4), and half the resolution after each stage more
            maps.append(x)
        return maps


def _attention(channels: int, squeezed: int, act: type[Module]) -> SqueezeExcitation | None:
    return SqueezeExcitation(in_channels=channels, squeezed=squeezed, act=act) if squeezed else None


class RegNetX400MF(RegNet):
    """Of 400 million multiplications, without attention; 22 blocks."""

    def __init__(self, *, in_channels: int = 3, norm: type[Module] = BatchNorm2d, act: type[Module] = ReLU) -> None:
        super().__init__(
            blocks=22, start=24, slope=24.48, step=2.54, group_width=16, in_channels=in_channels, norm=norm, act=act
        )


class RegNetY400MF(RegNet):
    """Of 400 million multiplications, with attention; 16 blocks."""

    def __init__(self, *, in_channels: int = 3, norm: type[Module] = BatchNorm2d, act: type[Module] = ReLU) -> None:
        super().__init__(
            blocks=16,
            start=48,
            slope=27.89,
            step=2.09,
            group_width=8,
            squeeze=0.25,
            in_channels=in_channels,
            norm=norm,
            act=act,
        )


class RegNetY1_6GF(RegNet):
    """Of 1.6 billion multiplications, with attention; 27 blocks."""

    def __init__(self, *, in_channels: int = 3, norm: type[Module] = BatchNorm2d, act: type[Module] = ReLU) -> None:
        super().__init__(
            blocks=27,
            start=48,
            slope=20.71,
            step=2.65,
            group_width=24,
            squeeze=0.25,
            in_channels=in_channels,
            norm=norm,
            act=act,
        )
