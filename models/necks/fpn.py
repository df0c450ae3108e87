"""Feature pyramid: each map is joined with what the coarser maps know, and all get the same width.

Paper: Feature Pyramid Networks for Object Detection (Lin et al., 2017), https://arxiv.org/abs/1612.03144
Maps are resized to the next finer one bilinearly, not by nearest neighbours: at odd sizes these would shift them by a pixel.
"""

from collections.abc import Sequence

from mcore.module import ModuleList
from mcore.tensor import Tensor
from models import Conv2d
from models.functional import resize_like
from models.necks.base import Neck
from models.utils import check_features


class FPN(Neck):
    """Lateral 1x1 convolutions, a sum from coarse to fine, and a 3x3 convolution for each map.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        out_channels: of every map that it gives.
        finest: maps of a smaller stride are left out; the paper leaves out the stem's.

    Raises:
        ValueError: the features are not described from fine to coarse, or none is as coarse as ``finest``.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (256, 512, 1024, 2048),
        in_strides: Sequence[int] = (4, 8, 16, 32),
        out_channels: int = 256,
        finest: int = 4,
    ) -> None:
        super().__init__()
        check_features("FPN", in_channels, in_strides)
        self.in_channels, self.in_strides = tuple(in_channels), tuple(in_strides)
        self.strides = tuple(s for s in in_strides if s >= finest)
        if not self.strides:
            raise ValueError(f"FPN: no map has a stride of {finest} or more, got strides {self.in_strides}")
        self.channels = (out_channels,) * len(self.strides)
        self.lateral = ModuleList([Conv2d(c, out_channels, 1) for c in in_channels[-len(self.strides) :]])
        self.output = ModuleList([Conv2d(out_channels, out_channels, 3, padding=1) for _ in self.strides])

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        used = features[-len(self.strides) :]
        maps = [lateral(x) for lateral, x in zip(self.lateral, used, strict=True)]  # (N, out_channels, H/s, W/s)
        for i in reversed(range(len(maps) - 1)):
            maps[i] = maps[i] + resize_like(maps[i + 1], maps[i])
        return [output(x) for output, x in zip(self.output, maps, strict=True)]
