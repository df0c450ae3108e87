"""The necks of YOLOv3 and YOLOv4: maps are joined by concatenation, then five convolutions narrow, widen and narrow again.

Papers: YOLOv3: An Incremental Improvement (Redmon and Farhadi, 2018), https://arxiv.org/abs/1804.02767; YOLOv4: Optimal Speed
and Accuracy of Object Detection (Bochkovskiy et al., 2020), https://arxiv.org/abs/2004.10934, whose pyramid is spatial pooling
(He et al., 2014, https://arxiv.org/abs/1406.4729) and path aggregation (Liu et al., 2018, https://arxiv.org/abs/1803.01534).
Maps are resized to the next finer one by nearest neighbours; that doubles them, as in the papers, where the sizes allow it.
"""

from collections.abc import Sequence
from itertools import pairwise

import mcore.functional as F
from mcore.module import Module, ModuleList, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d
from models.basicblocks import ConvBnAct
from models.basicblocks.dark import DarkLeakyReLU
from models.functional import resize_like
from models.necks.base import Neck
from models.utils import check_features


class _YOLONeck(Neck):
    """Takes the last maps, and gives each with half its width."""

    def __init__(
        self,
        in_channels: Sequence[int],
        in_strides: Sequence[int],
        levels: int,
        norm: type[Module],
        act: type[Module],
    ) -> None:
        name = type(self).__name__
        check_features(name, in_channels, in_strides)
        if not 1 <= levels <= len(in_channels):
            raise ValueError(f"{name}: {levels} levels cannot be made of {len(in_channels)} features")
        super().__init__()
        self.in_channels, self.in_strides = tuple(in_channels), tuple(in_strides)
        self.used, self.strides = self.in_channels[-levels:], self.in_strides[-levels:]
        self.channels = tuple(c // 2 for c in self.used)
        self.norm, self.act = norm, act

    def conv(self, before: int, after: int, kernel_size: int = 1, stride: int = 1) -> ConvBnAct:
        return ConvBnAct(
            in_channels=before,
            out_channels=after,
            kernel_size=kernel_size,
            stride=stride,
            norm=self.norm,
            act=self.act,
        )

    def convs(self, before: int, width: int, count: int = 5) -> Sequential:
        """1x1 to ``width`` and 3x3 to twice of it by turns."""
        layers = [self.conv(before, width)]
        for _ in range(count // 2):
            layers += [self.conv(width, 2 * width, 3), self.conv(2 * width, width)]
        return Sequential(*layers)


class YOLOv3Neck(_YOLONeck):
    """From coarse to fine: five convolutions; their result, narrowed and resized, goes beside the next finer map.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        levels: how many of the last maps it takes, and gives.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse, or are fewer than ``levels``.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (256, 512, 1024),
        in_strides: Sequence[int] = (8, 16, 32),
        levels: int = 3,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = DarkLeakyReLU,
    ) -> None:
        super().__init__(in_channels, in_strides, levels, norm, act)
        self.lateral = ModuleList([self.conv(coarse, fine) for fine, coarse in pairwise(self.channels)])
        joined = [*(c + w for c, w in zip(self.used, self.channels[:-1], strict=False)), self.used[-1]]
        self.convs_down = ModuleList([self.convs(c, w) for c, w in zip(joined, self.channels, strict=True)])

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        used = features[-len(self.used) :]
        maps = [self.convs_down[-1](used[-1])]  # (N, channels[i], H/strides[i], W/strides[i]) each
        for i in reversed(range(len(used) - 1)):
            above = resize_like(self.lateral[i](maps[0]), used[i], "nearest")
            maps.insert(0, self.convs_down[i](F.cat([above, used[i]], dim=1)))
        return maps


class YOLOv4Neck(_YOLONeck):
    """Spatial pyramid pooling on the coarsest map, then path aggregation: from coarse to fine and back to coarse.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps; of those that are used, each is twice the one before.
        levels: how many of the last maps it takes, and gives.
        windows: odd sizes of the pooling's windows.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse, or are fewer than ``levels``; the strides that are
            used do not double, or a window is even.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (256, 512, 1024),
        in_strides: Sequence[int] = (8, 16, 32),
        levels: int = 3,
        windows: Sequence[int] = (13, 9, 5),
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = DarkLeakyReLU,
    ) -> None:
        if any(k % 2 == 0 for k in windows):
            raise ValueError(f"YOLOv4Neck: windows are odd, so that the map keeps its size, got {tuple(windows)}")
        super().__init__(in_channels, in_strides, levels, norm, act)
        if any(b != 2 * a for a, b in pairwise(self.strides)):
            raise ValueError(f"YOLOv4Neck: each stride is twice the one before, got strides {self.strides}")
        self.windows, widths, steps = tuple(windows), self.channels, list(pairwise(self.channels))
        self.before_pooling = self.convs(self.used[-1], widths[-1], 3)
        self.after_pooling = self.convs(widths[-1] * (1 + len(self.windows)), widths[-1], 3)
        self.lateral = ModuleList([self.conv(c, w) for c, w in zip(self.used, widths[:-1], strict=False)])
        self.narrow = ModuleList([self.conv(coarse, fine) for fine, coarse in steps])
        self.convs_down = ModuleList([self.convs(2 * fine, fine) for fine, _ in steps])
        self.strided = ModuleList([self.conv(fine, coarse, 3, 2) for fine, coarse in steps])
        self.convs_up = ModuleList([self.convs(2 * coarse, coarse) for _, coarse in steps])

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        used = features[-len(self.used) :]
        x = self.before_pooling(used[-1])
        pooled = [F.max_pool2d(x, k, stride=1, padding=k // 2) for k in self.windows]
        down = [self.after_pooling(F.cat([*pooled, x], dim=1))]  # (N, channels[i], H/strides[i], W/strides[i]) each
        for i in reversed(range(len(self.lateral))):
            above = resize_like(self.narrow[i](down[0]), used[i], "nearest")
            down.insert(0, self.convs_down[i](F.cat([self.lateral[i](used[i]), above], dim=1)))
        maps = [down[0]]
        for strided, convs, x in zip(self.strided, self.convs_up, down[1:], strict=True):
            maps.append(convs(F.cat([strided(maps[-1]), x], dim=1)))
        return maps
