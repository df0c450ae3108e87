"""The cross-stage block of YOLOv5 and YOLOX: one half of the channels through bottlenecks, the other past them.

Papers: CSPNet: A New Backbone that can Enhance Learning Capability of CNN (Wang et al., 2020), https://arxiv.org/abs/1911.11929;
in this form YOLOX: Exceeding YOLO Series in 2021 (Ge et al., 2021), https://arxiv.org/abs/2107.08430, whose names these are.
"""

import mcore.functional as F
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, SiLU
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvBnAct


class CSPLayer(Block):
    """The resolution stays.

    Args:
        in_channels: of the map.
        out_channels: of the result; each half has half as many.
        depth: bottlenecks.
        shortcut: add each bottleneck's input to what it gives.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        out_channels: int = 64,
        depth: int = 1,
        shortcut: bool = True,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        half = out_channels // 2

        def pointwise(before: int, after: int) -> ConvBnAct:
            return ConvBnAct(in_channels=before, out_channels=after, kernel_size=1, norm=norm, act=act)

        self.conv1, self.conv2 = pointwise(in_channels, half), pointwise(in_channels, half)
        self.conv3 = pointwise(2 * half, out_channels)
        self.m = Sequential(*(_Bottleneck(half, shortcut, norm, act) for _ in range(depth)))

    def forward(self, x: Tensor) -> Tensor:
        through, past = self.m(self.conv1(x)), self.conv2(x)  # (N, out_channels/2, H, W)
        return self.conv3(F.cat([through, past], dim=1))  # (N, out_channels, H, W)


class _Bottleneck(Module):
    """A 1x1 and a 3x3 convolution of the same width."""

    def __init__(self, channels: int, shortcut: bool, norm: type[Module], act: type[Module]) -> None:
        super().__init__()
        self.conv1 = ConvBnAct(in_channels=channels, out_channels=channels, kernel_size=1, norm=norm, act=act)
        self.conv2 = ConvBnAct(in_channels=channels, out_channels=channels, norm=norm, act=act)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        found = self.conv2(self.conv1(x))
        return found + x if self.shortcut else found
