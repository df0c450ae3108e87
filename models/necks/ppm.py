"""Pyramid pooling module: the coarsest map beside its means over grids of several sizes.

Paper: Pyramid Scene Parsing Network (Zhao et al., 2017), https://arxiv.org/abs/1612.01105
Layers and their parameter names are those of the authors' PyTorch release; means are resized by pixel centres, not corners.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module, ModuleList, Sequential
from mcore.tensor import Tensor
from models import AdaptiveAvgPool2d, BatchNorm2d, Conv2d, ReLU
from models.functional import resize_like
from models.necks.coarsest import CoarsestNeck


class PPM(CoarsestNeck):
    """For each grid: means of its cells, a 1x1 convolution, resized to the map; then all beside the map itself.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        width: channels of each grid; by default those of the map shared among the grids, so that it gives twice as many.
        bins: cells of each grid along each side.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (2048,),
        in_strides: Sequence[int] = (8,),
        width: int | None = None,
        bins: Sequence[int] = (1, 2, 3, 6),
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        width = max(1, in_channels[-1] // len(bins)) if width is None else width
        super().__init__(in_channels, in_strides, in_channels[-1] + width * len(bins))
        before = self.in_channels[-1]
        self.features = ModuleList(
            [
                Sequential(AdaptiveAvgPool2d(cells), Conv2d(before, width, 1, bias=False), norm(width), act())
                for cells in bins
            ]
        )

    def transform(self, x: Tensor) -> Tensor:
        means = [resize_like(branch(x), x) for branch in self.features]  # (N, width, H, W), 1x1 to 6x6 before
        return F.cat([x, *means], dim=1)  # (N, C + width * len(bins), H, W)
