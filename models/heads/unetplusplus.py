"""U-Net++'s nested path over any backbone: between a map and the last node of its level are nodes that join all before them.

Paper: UNet++: A Nested U-Net Architecture for Medical Image Segmentation (Zhou et al., 2018), https://arxiv.org/abs/1807.10165
The convolutions are normalized; maps are doubled by resizing, not by transposed convolutions; the path ends at the finest
feature map, which with most backbones is half the image's resolution.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module, ModuleList
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, ReLU
from models.basicblocks import UpBlock
from models.heads.base import Head


class UNetPlusPlusDecoder(Head):
    """Scores of the classes at the resolution of the first feature map.

    Args:
        in_channels: of the feature maps, two or more.
        in_strides: of the feature maps, each twice the one before.
        num_classes: channels of the scores.
        widths: channels of the nodes of each level, from coarse to fine, one fewer than feature maps; by default halving
            from 256 on, 16 at least.
        deep_supervision: the scores are the mean of those of all nodes of the finest level (the paper's accurate mode), not
            those of the last one alone.
        norm: class, called with the number of channels; ``None`` for biases in its place.
        act: class, called without arguments.

    Raises:
        ValueError: the strides do not double, or ``widths`` are of another number.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (64, 64, 128, 256, 512),
        in_strides: Sequence[int] = (2, 4, 8, 16, 32),
        num_classes: int = 21,
        widths: Sequence[int] | None = None,
        deep_supervision: bool = False,
        norm: type[Module] | None = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides, doubling=True)
        self.output_stride = in_strides[0]
        steps = len(in_channels) - 1
        widths = tuple(max(16, 256 >> i) for i in range(steps)) if widths is None else tuple(widths)
        if len(widths) != steps:
            raise ValueError(
                f"UNetPlusPlusDecoder: {steps} levels below {steps + 1} features need as many widths, got {widths}"
            )
        levels = widths[::-1]

        def node(level: int, column: int) -> UpBlock:
            return UpBlock(
                in_channels=levels[level + 1] if column else in_channels[level + 1],
                skip_channels=in_channels[level] + column * levels[level],
                out_channels=levels[level],
                learned=False,
                norm=norm,
                act=act,
            )

        #: ``columns[j][i]`` is the paper's node X of level i and column j + 1.
        self.columns = ModuleList([ModuleList([node(i, j) for i in range(steps - j)]) for j in range(steps)])
        self.scores = ModuleList([Conv2d(levels[0], num_classes, 1) for _ in range(steps if deep_supervision else 1)])

    def forward(self, features: list[Tensor]) -> Tensor:
        rows = [[x] for x in features]  # of each level, all its nodes so far
        for column in self.columns:
            for level, node in enumerate(column):
                below, skip = rows[level + 1][-1], F.cat(rows[level], dim=1)
                # rows[level + 1] has this column's node only after this level's, so its last is the column before
                rows[level].append(node(below, skip))  # (N, width, H/s, W/s)
        finest = rows[0][-len(self.scores) :]
        first, *others = (score(x) for score, x in zip(self.scores, finest, strict=True))  # (N, num_classes, H/s, W/s)
        return sum(others, first) / len(self.scores) if others else first
