"""Bidirectional feature pyramid: maps are joined from coarse to fine and back, several times, by learnt weighted means.

Paper: EfficientDet: Scalable and Efficient Object Detection (Tan et al., 2020), https://arxiv.org/abs/1911.09070
A map gets the common width by one 1x1 convolution, also where two nodes take it (the release has one for each). Maps are
resized to finer ones bilinearly, and to coarser ones by 3x3 max pooling as in the release.
"""

from collections.abc import Sequence
from itertools import pairwise

import mcore.functional as F
from mcore.module import Module, ModuleList, Sequential
from mcore.tensor import Parameter, Tensor
from models import BatchNorm2d, Conv2d, SiLU
from models.functional import resize_like
from models.necks.base import Neck
from models.utils import check_features


class BiFPN(Neck):
    """Maps of one width, coarser levels pooled from the coarsest, and ``repeats`` bidirectional layers.

    The defaults are those of EfficientDet-D0 over EfficientNet-B0.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps; of those that are used, each is twice the one before.
        out_channels: of every map that it gives.
        repeats: bidirectional layers.
        levels: maps that it gives; those beyond the feature maps are pooled.
        finest: maps of a smaller stride are left out.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse, do not double their strides from ``finest`` on, or
            are fewer than two or more than ``levels``.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (40, 112, 320),
        in_strides: Sequence[int] = (8, 16, 32),
        out_channels: int = 64,
        repeats: int = 3,
        levels: int = 5,
        finest: int = 8,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__()
        check_features("BiFPN", in_channels, in_strides)
        self.in_channels, self.in_strides = tuple(in_channels), tuple(in_strides)
        used = tuple(s for s in self.in_strides if s >= finest)
        if not 1 <= len(used) <= levels or levels < 2:
            raise ValueError(f"BiFPN: {levels} levels cannot be made of maps of strides {used} from {finest} on")
        if any(b != 2 * a for a, b in pairwise(used)):
            raise ValueError(f"BiFPN: each stride is twice the one before from {finest} on, got strides {used}")
        self.strides = tuple(used[0] * 2**i for i in range(levels))
        self.channels = (out_channels,) * levels

        def lateral(channels: int) -> Sequential:
            return Sequential(Conv2d(channels, out_channels, 1), norm(out_channels))

        self.lateral = ModuleList([lateral(c) for c in self.in_channels[-len(used) :]])
        self.beyond = lateral(self.in_channels[-1]) if levels > len(used) else None
        self.layers = ModuleList([_Layer(levels, out_channels, norm, act) for _ in range(repeats)])

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        used = features[-len(self.lateral) :]
        maps = [lateral(x) for lateral, x in zip(self.lateral, used, strict=True)]  # (N, out_channels, H/s, W/s)
        pooled = self.beyond(features[-1]) if self.beyond is not None else None
        while len(maps) < len(self.strides):
            pooled = _halved(pooled)
            maps.append(pooled)  # (N, out_channels, H/2s, W/2s), then H/4s, ...
        for layer in self.layers:
            maps = layer(maps)
        return maps


class _Layer(Module):
    """From coarse to fine, then from fine to coarse, where inner levels are joined with what they were before both."""

    def __init__(self, levels: int, channels: int, norm: type[Module], act: type[Module]) -> None:
        super().__init__()
        inner = [2] * (levels - 1)
        outer = [3] * (levels - 2) + [2]
        self.down = ModuleList([_Node(joined, channels, norm, act) for joined in inner])
        self.up = ModuleList([_Node(joined, channels, norm, act) for joined in outer])

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        inner = [maps[-1]]
        for x, node in zip(maps[-2::-1], self.down, strict=True):
            inner.insert(0, node([x, resize_like(inner[0], x)]))
        given = [inner[0]]
        for level, node in enumerate(self.up, start=1):
            x, below = maps[level], _halved(given[-1])
            last = level == len(self.up)
            joined = [x, resize_like(below, x)] if last else [x, inner[level], resize_like(below, x)]
            given.append(node(joined))
        return given


class _Node(Module):
    """Fast normalized fusion: a mean by weights that are not negative; then activation and a separable convolution."""

    def __init__(self, joined: int, channels: int, norm: type[Module], act: type[Module]) -> None:
        super().__init__()
        self.weight = Parameter(F.ones(joined))
        self.act = act()
        self.conv = Sequential(
            Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            Conv2d(channels, channels, 1),
            norm(channels),
        )

    def forward(self, maps: list[Tensor]) -> Tensor:
        weights = F.relu(self.weight)
        weights = weights / (F.sum(weights) + 1e-4)
        joined = maps[0] * weights[0]
        for i in range(1, len(maps)):
            joined = joined + maps[i] * weights[i]
        return self.conv(self.act(joined))  # (N, channels, H, W)


def _halved(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, stride=2, padding=1)
