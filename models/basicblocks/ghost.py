"""GhostNet's module and its block: half of the channels are computed as usual, the others are cheap filters of those.

Paper: GhostNet: More Features from Cheap Operations (Han et al., 2020), https://arxiv.org/abs/1911.11907
"""

import mcore.functional as F
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Identity, ReLU
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvNormAct


class GhostModule(Block):
    """A 1x1 convolution to half of the channels, and a depthwise one of its result for the other half.

    Args:
        in_channels: of the map.
        out_channels: of the result, an even number.
        cheap_size: kernel of the depthwise convolution.
        norm: class, called with the number of channels.
        act: class, called without arguments; ``None`` for no activation.

    Raises:
        ValueError: ``out_channels`` is odd.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        out_channels: int = 64,
        cheap_size: int = 3,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] | None = ReLU,
    ) -> None:
        if out_channels % 2:
            raise ValueError(f"GhostModule: half of the channels are ghosts of the others, got {out_channels}")
        super().__init__()
        self.in_channels = in_channels
        half = out_channels // 2
        self.primary_conv = ConvNormAct(in_channels=in_channels, out_channels=half, kernel_size=1, norm=norm, act=act)
        self.cheap_operation = _depthwise(half, cheap_size, 1, norm, act)

    def forward(self, x: Tensor) -> Tensor:
        own = self.primary_conv(x)  # (N, out_channels/2, H, W)
        return F.cat([own, self.cheap_operation(own)], dim=1)  # (N, out_channels, H, W)


class GhostBottleneck(Block):
    """Two ghost modules, the first of which widens; between them a depthwise convolution where there is a stride.

    Args:
        in_channels: of the map.
        out_channels: of the result.
        width: channels of the maps inside.
        kernel_size: of the depthwise convolutions.
        stride: of the depthwise convolutions.
        attention: weights the maps inside, which have ``width`` channels.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 40,
        out_channels: int = 40,
        width: int = 120,
        kernel_size: int = 5,
        stride: int = 1,
        attention: Module | None = None,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.ghost1 = GhostModule(in_channels=in_channels, out_channels=width, norm=norm, act=act)
        self.depthwise = _depthwise(width, kernel_size, stride, norm, None) if stride > 1 else Identity()
        self.se = Identity() if attention is None else attention
        self.ghost2 = GhostModule(in_channels=width, out_channels=out_channels, norm=norm, act=None)
        self.shortcut = Identity()
        if stride > 1 or in_channels != out_channels:
            mixed = ConvNormAct(in_channels=in_channels, out_channels=out_channels, kernel_size=1, norm=norm, act=None)
            self.shortcut = Sequential(*_depthwise(in_channels, kernel_size, stride, norm, None), *mixed)

    def forward(self, x: Tensor) -> Tensor:
        y = self.se(self.depthwise(self.ghost1(x)))  # (N, width, H/stride, W/stride)
        return self.ghost2(y) + self.shortcut(x)  # (N, out_channels, H/stride, W/stride)


def _depthwise(
    channels: int, kernel_size: int, stride: int, norm: type[Module], act: type[Module] | None
) -> ConvNormAct:
    return ConvNormAct(
        in_channels=channels,
        out_channels=channels,
        kernel_size=kernel_size,
        stride=stride,
        groups=channels,
        norm=norm,
        act=act,
    )
