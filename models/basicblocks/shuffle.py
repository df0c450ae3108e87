"""The unit of ShuffleNetV2: half of the channels pass, the others are filtered, and the halves are then interleaved.

Paper: ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design (Ma et al., 2018),
https://arxiv.org/abs/1807.11164
"""

import mcore.functional as F
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Identity, ReLU
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvNormAct


class ShuffleUnit(Block):
    """Two branches of half of the result's channels; at stride 2 both take all of the input, and both are filtered.

    Args:
        in_channels: of the map, an even number.
        out_channels: of the result, an even number; as many as the input's at stride 1.
        stride: of the depthwise convolutions.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: a number of channels is odd, or changes at stride 1.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        out_channels: int = 64,
        stride: int = 1,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        if in_channels % 2 or out_channels % 2:
            raise ValueError(f"ShuffleUnit: channels are halved, got {in_channels} and {out_channels}")
        if stride == 1 and in_channels != out_channels:
            raise ValueError(f"ShuffleUnit: {in_channels} channels cannot become {out_channels} at stride 1")
        super().__init__()
        self.in_channels, self.stride = in_channels, stride
        half = out_channels // 2
        taken = in_channels if stride > 1 else half
        self.branch1 = Identity()
        if stride > 1:
            self.branch1 = Sequential(*_depthwise(taken, stride, norm), *_pointwise(taken, half, norm, act))
        self.branch2 = Sequential(
            *_pointwise(taken, half, norm, act), *_depthwise(half, stride, norm), *_pointwise(half, half, norm, act)
        )

    def forward(self, x: Tensor) -> Tensor:
        # Two of (N, C/2, H, W), or the whole map twice
        left, right = F.chunk(x, 2, dim=1) if self.stride == 1 else (x, x)
        joined = F.cat([self.branch1(left), self.branch2(right)], dim=1)  # (N, out_channels, H/stride, W/stride)
        return F.channel_shuffle(joined, 2)


def _pointwise(in_channels: int, out_channels: int, norm: type[Module], act: type[Module]) -> ConvNormAct:
    return ConvNormAct(in_channels=in_channels, out_channels=out_channels, kernel_size=1, norm=norm, act=act)


def _depthwise(channels: int, stride: int, norm: type[Module]) -> ConvNormAct:
    return ConvNormAct(in_channels=channels, out_channels=channels, stride=stride, groups=channels, norm=norm, act=None)
