"""The residual block of Xception: depthwise separable convolutions, each behind an activation.

Paper: Xception: Deep Learning with Depthwise Separable Convolutions (Chollet, 2017), https://arxiv.org/abs/1610.02357
Parameter names are those of timm's ``legacy_xception``.
"""

from itertools import pairwise

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Identity, MaxPool2d, ReLU
from models.basicblocks.base import Block


class SeparableConv2d(Module):
    """A 3x3 convolution of each channel by itself, then a 1x1 convolution; nothing between the two."""

    def __init__(self, *, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False)
        self.pointwise = Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.conv1(x))  # (N, out_channels, H, W)


class XceptionBlock(Block):
    """``depth`` separable convolutions with normalization, maybe a pooling, and a shortcut.

    Args:
        in_channels: of the map.
        out_channels: of the result.
        depth: number of separable convolutions.
        stride: of the pooling at the end; 1 for none.
        act_first: an activation is in front of the first convolution, too.
        grow_first: the first convolution changes the number of channels; else the last one does.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        out_channels: int = 64,
        depth: int = 3,
        stride: int = 1,
        act_first: bool = True,
        grow_first: bool = True,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        if stride != 1 or in_channels != out_channels:
            self.skip: Module = Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.skipbn: Module = norm(out_channels)
        else:
            self.skip, self.skipbn = Identity(), Identity()
        growing = 0 if grow_first else depth - 1
        widths = [in_channels if i <= growing else out_channels for i in range(depth + 1)]
        layers: list[Module] = []
        for before, after in pairwise(widths):
            if layers or act_first:
                layers.append(act())
            layers += [SeparableConv2d(in_channels=before, out_channels=after), norm(after)]
        if stride != 1:
            layers.append(MaxPool2d(3, stride, 1))
        self.rep = Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.rep(x) + self.skipbn(self.skip(x))  # (N, out_channels, H/stride, W/stride)
