"""The block of RegNet: a residual bottleneck that does not narrow, with groups of one width.

Paper: Designing Network Design Spaces (Radosavovic et al., 2020), https://arxiv.org/abs/2003.13678
"""

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Identity, ReLU
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvNormAct


class RegNetBlock(Block):
    """1x1, grouped 3x3 and 1x1 convolutions of the result's width, with a shortcut.

    Args:
        in_channels: of the map.
        out_channels: of the result and of the maps inside, a multiple of ``group_width``.
        stride: of the 3x3 convolution.
        group_width: channels of each group of the 3x3 convolution.
        attention: weights the map of the 3x3 convolution, which has ``out_channels`` channels.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: groups of ``group_width`` do not make up ``out_channels``.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        out_channels: int = 64,
        stride: int = 1,
        group_width: int = 16,
        attention: Module | None = None,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        if out_channels % group_width:
            raise ValueError(f"RegNetBlock: {out_channels} channels are no groups of {group_width}")
        super().__init__()
        self.in_channels = in_channels
        self.proj = Identity()
        if stride != 1 or in_channels != out_channels:
            self.proj = ConvNormAct(
                in_channels=in_channels, out_channels=out_channels, kernel_size=1, stride=stride, norm=norm, act=None
            )
        steps = {
            "a": ConvNormAct(in_channels=in_channels, out_channels=out_channels, kernel_size=1, norm=norm, act=act),
            "b": ConvNormAct(
                in_channels=out_channels,
                out_channels=out_channels,
                stride=stride,
                groups=out_channels // group_width,
                norm=norm,
                act=act,
            ),
            "se": attention,
            "c": ConvNormAct(in_channels=out_channels, out_channels=out_channels, kernel_size=1, norm=norm, act=None),
        }
        self.f = Sequential()
        for name, step in steps.items():
            if step is not None:
                self.f.add_module(name, step)
        self.activation = act()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.proj(x) + self.f(x))  # (N, out_channels, H/stride, W/stride)
