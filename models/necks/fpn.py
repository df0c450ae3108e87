"""Feature pyramid: each map is joined with what the coarser maps know, and all get the same width.

Paper: Feature Pyramid Networks for Object Detection (Lin et al., 2017), https://arxiv.org/abs/1612.03144
By default maps are resized to the next finer one bilinearly, not by nearest neighbours: at odd sizes these would shift them by
a pixel. The levels beyond the backbone's are RetinaNet's (Lin et al., 2017, https://arxiv.org/abs/1708.02002).
"""

from collections.abc import Sequence

import mcore.functional as F
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
        mode: how maps are resized, ``bilinear`` or, as in the paper, ``nearest``.

    Raises:
        ValueError: the features are not described from fine to coarse, none is as coarse as ``finest``, or ``mode`` is another.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (256, 512, 1024, 2048),
        in_strides: Sequence[int] = (4, 8, 16, 32),
        out_channels: int = 256,
        finest: int = 4,
        mode: str = "bilinear",
    ) -> None:
        name = type(self).__name__
        check_features(name, in_channels, in_strides)
        if mode not in ("bilinear", "nearest"):
            raise ValueError(f"{name}: mode is 'bilinear' or 'nearest', got {mode!r}")
        super().__init__()
        self.mode = mode
        self.in_channels, self.in_strides = tuple(in_channels), tuple(in_strides)
        self.strides = tuple(s for s in in_strides if s >= finest)
        if not self.strides:
            raise ValueError(f"{name}: no map has a stride of {finest} or more, got strides {self.in_strides}")
        self.channels = (out_channels,) * len(self.strides)
        self.lateral = ModuleList([Conv2d(c, out_channels, 1) for c in in_channels[-len(self.strides) :]])
        self.output = ModuleList([Conv2d(out_channels, out_channels, 3, padding=1) for _ in self.strides])

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        used = features[-len(self.lateral) :]
        maps = [lateral(x) for lateral, x in zip(self.lateral, used, strict=True)]  # (N, out_channels, H/s, W/s)
        for i in reversed(range(len(maps) - 1)):
            maps[i] = maps[i] + resize_like(maps[i + 1], maps[i], self.mode)
        return [output(x) for output, x in zip(self.output, maps, strict=True)]


class RetinaNetFPN(FPN):
    """An FPN with two levels more, each by a strided 3x3 convolution of the one before.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        out_channels: of every map that it gives.
        finest: maps of a smaller stride are left out.
        mode: how maps are resized, ``bilinear`` or, as in the paper, ``nearest``.
        beyond: of what the first level more is made: the coarsest map of the ``pyramid``, as most do by now, or of the
            ``backbone``, as in the paper.

    Raises:
        ValueError: the features are not described from fine to coarse, none is as coarse as ``finest``, or ``mode`` or
            ``beyond`` is another.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (512, 1024, 2048),
        in_strides: Sequence[int] = (8, 16, 32),
        out_channels: int = 256,
        finest: int = 8,
        mode: str = "nearest",
        beyond: str = "pyramid",
    ) -> None:
        if beyond not in ("pyramid", "backbone"):
            raise ValueError(f"{type(self).__name__}: beyond is 'pyramid' or 'backbone', got {beyond!r}")
        super().__init__(
            in_channels=in_channels, in_strides=in_strides, out_channels=out_channels, finest=finest, mode=mode
        )
        self.beyond = beyond
        before = out_channels if beyond == "pyramid" else self.in_channels[-1]
        self.p6 = Conv2d(before, out_channels, 3, 2, 1)
        self.p7 = Conv2d(out_channels, out_channels, 3, 2, 1)
        self.channels = (*self.channels, out_channels, out_channels)
        self.strides = (*self.strides, 2 * self.strides[-1], 4 * self.strides[-1])

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        maps = super().forward(features)  # (N, out_channels, H/s, W/s) each
        p6 = self.p6(maps[-1] if self.beyond == "pyramid" else features[-1])
        return [*maps, p6, self.p7(F.relu(p6))]
